import type { NativeConv, NativePlan, NativePlanes } from '../../../../dist/plugins/inference/native/plan.js';

/** Bytes of a value with its channels: data[channel][y][x]. */
interface Value {
  readonly channels: number;
  readonly data: Uint8Array;
}

/** A plan's meaning, in the plainest way: every value whole, every sum by itself. Independent of all C++. @returns each picture, or each result of pixels */
export function runPlainly(plan: NativePlan, inputs: readonly Uint8Array[], rows: number, columns: number): Uint8Array[] {
  const values = [joined(plan.inputs.map((part, index) => folded(part, inputs[index] as Uint8Array, rows, columns)))];
  for (const conv of plan.convs) values.push(convolved(conv, values, rows, columns));
  if (plan.pixelResults > 0) return values.slice(-plan.pixelResults).map(byPixels);
  const last = values[plan.convs.length] as Value;
  const zeroPoint = plan.convs[plan.convs.length - 1]?.zeroPoint ?? 0;
  const anchored = plan.anchor ? withAnchor(last, values[0] as Value, plan.anchor, zeroPoint, rows * columns) : last.data;
  let first = 0;
  return plan.outputs.map(({ planes, block }) => {
    const channels = planes * block * block;
    const part = anchored.subarray(first * rows * columns, (first + channels) * rows * columns);
    first += channels;
    return shuffled(part, channels, block, rows, columns);
  });
}

function joined(values: readonly Value[]): Value {
  return { channels: values.reduce((sum, { channels }) => sum + channels, 0), data: Uint8Array.from(values.flatMap(({ data }) => [...data])) };
}

function folded({ planes, block }: NativePlanes, input: Uint8Array, rows: number, columns: number): Value {
  const [height, width] = [rows * block, columns * block];
  const channels = planes * block * block;
  const data = new Uint8Array(channels * rows * columns);
  for (let by = 0; by < block; by++)
    for (let bx = 0; bx < block; bx++)
      for (let plane = 0; plane < planes; plane++)
        for (let y = 0; y < rows; y++)
          for (let x = 0; x < columns; x++) {
            const channel = (by * block + bx) * planes + plane;
            data[(channel * rows + y) * columns + x] = input[(plane * height + y * block + by) * width + x * block + bx] as number;
          }
  return { channels, data };
}

function convolved(conv: NativeConv, values: readonly Value[], rows: number, columns: number): Value {
  const inputs = conv.inputs.map((index) => values[index] as Value);
  const planes = inputs.flatMap(({ channels, data }) =>
    Array.from({ length: channels }, (_, channel) => data.subarray(channel * rows * columns, (channel + 1) * rows * columns)),
  );
  const { kernel, channels } = conv;
  const radius = kernel >> 1;
  const out = new Uint8Array(channels * rows * columns);
  for (let channel = 0; channel < channels; channel++) {
    const sums = new Int32Array(rows * columns).fill(conv.bias[channel] as number);
    for (const [from, plane] of planes.entries())
      for (let ky = 0; ky < kernel; ky++)
        for (let kx = 0; kx < kernel; kx++) {
          const weight = conv.weights[((channel * planes.length + from) * kernel + ky) * kernel + kx] as number;
          for (let y = Math.max(0, radius - ky); y < Math.min(rows, rows + radius - ky); y++)
            for (let x = Math.max(0, radius - kx); x < Math.min(columns, columns + radius - kx); x++)
              sums[y * columns + x] = (sums[y * columns + x] as number) + weight * (plane[(y + ky - radius) * columns + x + kx - radius] as number);
        }
    const multiplier = conv.multiplier[channel] as number;
    for (const [index, sum] of sums.entries()) {
      out[channel * rows * columns + index] = clamped(halfToEven(Math.fround(Math.fround(sum) * multiplier)) + conv.zeroPoint);
    }
  }
  return { channels, data: out };
}

function byPixels({ channels, data }: Value): Uint8Array {
  const pixels = data.length / channels;
  return Uint8Array.from(data, (_, at) => data[(at % channels) * pixels + Math.floor(at / channels)] as number);
}

function withAnchor({ channels, data }: Value, input: Value, anchor: Int32Array, zeroPoint: number, pixels: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++)
    for (let at = 0; at < pixels; at++) {
      const plus = input.data[(anchor[channel] as number) * pixels + at] as number;
      out[channel * pixels + at] = clamped((data[channel * pixels + at] as number) - zeroPoint + plus);
    }
  return out;
}

function shuffled(data: Uint8Array, channels: number, block: number, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++) {
    const plane = Math.floor(channel / (block * block));
    const by = Math.floor(channel / block) % block;
    const bx = channel % block;
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < columns; x++) {
        out[((plane * rows + y) * block + by) * columns * block + x * block + bx] = data[(channel * rows + y) * columns + x] as number;
      }
  }
  return out;
}

const clamped = (value: number) => Math.min(255, Math.max(0, value));

function halfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
