import type { NativeConv, NativePlan } from '../../dist/plugins/inference/native/plan.js';

interface Planes {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Uint8Array[];
}

/** Runs a plan by its definition, a pixel at a time, without any of the add-on. `input` is [inputChannels, height, width]. */
export function runPlan(plan: NativePlan, input: Uint8Array, height: number, width: number): Uint8Array {
  const values = [fold(plan, input, height, width)];
  for (const conv of plan.convs)
    values.push(
      convolved(
        conv,
        conv.inputs.map((value) => values[value] as Planes),
      ),
    );
  const [first, last] = [values[0] as Planes, values.at(-1) as Planes];
  const { zeroPoint } = plan.convs.at(-1) as NativeConv;
  const sums = last.planes.map((plane, channel) => {
    const anchor = plan.anchor && first.planes[plan.anchor[channel] as number];
    return anchor ? Uint8ClampedArray.from(plane, (byte, at) => byte - zeroPoint + (anchor[at] as number)) : plane;
  });
  const { shuffle } = plan;
  const side = last.width * shuffle;
  const area = last.width * last.height * shuffle ** 2;
  const output = new Uint8Array((sums.length / shuffle ** 2) * area);
  for (const [channel, plane] of sums.entries()) {
    const [to, row, column] = [Math.floor(channel / shuffle ** 2), Math.floor(channel / shuffle) % shuffle, channel % shuffle];
    for (const [at, byte] of plane.entries()) {
      const [y, x] = [Math.floor(at / last.width), at % last.width];
      output[to * area + (y * shuffle + row) * side + x * shuffle + column] = byte;
    }
  }
  return output;
}

function fold({ inputChannels, fold: block }: NativePlan, input: Uint8Array, height: number, width: number): Planes {
  const [wide, high] = [width / block, height / block];
  const planes = Array.from({ length: inputChannels * block ** 2 }, (_, channel) => {
    const [row, column, plane] = [Math.floor(channel / inputChannels / block), Math.floor(channel / inputChannels) % block, channel % inputChannels];
    return Uint8Array.from({ length: wide * high }, (_, at) => {
      const [y, x] = [Math.floor(at / wide) * block + row, (at % wide) * block + column];
      return input[(plane * height + y) * width + x] as number;
    });
  });
  return { width: wide, height: high, planes };
}

function convolved({ kernel, channels, weights, bias, multiplier, zeroPoint }: NativeConv, inputs: readonly Planes[]): Planes {
  const { width, height } = inputs[0] as Planes;
  const read = inputs.flatMap(({ planes }) => planes);
  const reach = kernel >> 1;
  const sums = Array.from({ length: channels }, (_, channel) => new Int32Array(width * height).fill(bias[channel] as number));
  for (const [output, sum] of sums.entries()) {
    for (const [input, plane] of read.entries()) {
      for (let tap = 0; tap < kernel ** 2; tap++) {
        const weight = weights[(output * read.length + input) * kernel ** 2 + tap] as number;
        if (weight === 0) continue;
        const [dy, dx] = [Math.floor(tap / kernel) - reach, (tap % kernel) - reach];
        for (let y = Math.max(0, -dy); y < Math.min(height, height - dy); y++) {
          for (let x = Math.max(0, -dx); x < Math.min(width, width - dx); x++) {
            sum[y * width + x] = (sum[y * width + x] as number) + weight * (plane[(y + dy) * width + x + dx] as number);
          }
        }
      }
    }
  }
  const planes = sums.map((sum, channel) => {
    const scaled = Float32Array.from(sum, (value) => Math.fround(value) * (multiplier[channel] as number));
    return Uint8Array.from(scaled, (value) => Math.min(255, Math.max(0, roundedHalfToEven(value) + zeroPoint)));
  });
  return { width, height, planes };
}

function roundedHalfToEven(value: number): number {
  const below = Math.floor(value);
  const beyond = value - below;
  return beyond < 0.5 || (beyond === 0.5 && below % 2 === 0) ? below : below + 1;
}
