import {
  CHROMA_SHIFT,
  type Color,
  type FrameFormat,
  fillMiddle,
  frameBytes,
  lumaBytes,
  type PlainFormat,
  type Plane,
  planesOf,
  type SplitFormat,
  sameFormat,
  smallOffset,
} from '../../pipeline/frames/frame.js';
import { type ColorMatrix, colorMatrix, rgbToYuv, yuvToRgb } from './color-matrix.js';
import { Resampler } from './resample.js';

/** Converts a frame's bytes from one format to another. Both buffers have exactly the size of their format. */
export type Convert = (input: Uint8Array, output: Uint8Array) => void;

/**
 * Plans a conversion between two formats of the same size: split to plain (chroma scaled up), YUV to RGB and back.
 * Undefined where the formats are the same.
 */
export function planConversion(from: FrameFormat, to: FrameFormat, color: Color): Convert | undefined {
  if (sameFormat(from, to)) return undefined;
  if (to.kind === 'split') throw new Error('planConversion: nothing converts to split; a luma stage makes it');
  if (from.kind === 'split') {
    const whole: PlainFormat = { kind: from.small.kind, width: from.width, height: from.height };
    return chain(completeSplit(from, whole, color), whole, planConversion(whole, to, color));
  }
  if (from.kind === 'rgb24') return fromRgb(from, to, color);
  if (to.kind === 'rgb24') return toRgb(from, to, color);
  return reshapeChroma(from, to, color);
}

function chain(first: Convert, middle: FrameFormat, second: Convert | undefined): Convert {
  if (!second) return first;
  const scratch = new Uint8Array(frameBytes(middle));
  return (input, output) => {
    first(input, scratch);
    second(scratch, output);
  };
}

function completeSplit(from: SplitFormat, to: PlainFormat, color: Color): Convert {
  const [luma, small] = [lumaBytes(from), smallOffset(from)];
  const scaler = planChroma(from.small, to, color);
  return (input, output) => {
    output.set(input.subarray(0, luma));
    scaler(planesOf(from.small, input.subarray(small)), planesOf(to, output));
  };
}

/** Keeps the luma and changes the chroma's resolution (444 ↔ 422 ↔ 420), or drops it. */
function reshapeChroma(from: PlainFormat, to: PlainFormat, color: Color): Convert {
  const luma = lumaBytes(from);
  if (to.kind === 'gray') return (input, output) => output.set(input.subarray(0, luma));
  if (from.kind === 'gray') {
    return (input, output) => {
      output.set(input.subarray(0, luma));
      fillMiddle(output.subarray(luma));
    };
  }
  const scaler = planChroma(from, to, color);
  return (input, output) => {
    output.set(input.subarray(0, luma));
    scaler(planesOf(from, input), planesOf(to, output));
  };
}

/**
 * Plans the scaling of U and V from one plain format to another, by the chroma position of `color`. The result takes the
 * planes of frames of both formats, of which it reads and writes the second and the third; none where one has no chroma.
 */
export function planChroma(from: PlainFormat, to: PlainFormat, color: Color): (input: readonly Plane[], output: readonly Plane[]) => void {
  const source = planesOf(from, new Uint8Array(frameBytes(from)))[1];
  const target = planesOf(to, new Uint8Array(frameBytes(to)))[1];
  if (!source || !target) return () => {};
  const shift = { x: siteShift(from, to, color, 0), y: siteShift(from, to, color, 1) };
  const resampler = new Resampler(source, target, { shift });
  return (input, output) => {
    for (const index of [1, 2]) resampler.run(input[index] as Plane, output[index] as Plane);
  };
}

/**
 * The shift of sampling positions, in input chroma samples, that the chroma position requires. With subsampling 2^k a
 * co-sited chroma sample c lies at luma position 2^k c, a centred one at 2^k c + (2^k - 1) / 2; both pictures' luma
 * edges coincide.
 */
function siteShift(from: PlainFormat, to: PlainFormat, color: Color, axis: 0 | 1): number {
  const step = (format: PlainFormat) => 1 << (CHROMA_SHIFT[format.kind]?.[axis] ?? 0);
  const location = color.chromaLocation ?? 'left';
  const coSited = axis === 0 ? location !== 'center' && location !== 'top' && location !== 'bottom' : location.startsWith('top');
  const bottom = axis === 1 && location.startsWith('bottom');
  const offsetOf = (size: number) => (coSited ? 0 : bottom ? size - 1 : (size - 1) / 2);
  const [a, b] = [step(from), step(to)];
  const ratio = axis === 0 ? from.width / to.width : from.height / to.height;
  // Output chroma j is at output luma position b j + offset(b), hence at input luma ((that + 0.5) × ratio - 0.5), hence
  // at input chroma (that - offset(a)) / a. What remains after taking off (j + 0.5) × (b ratio / a) - 0.5 is the shift.
  return ((offsetOf(b) + 0.5) * ratio - 0.5 - offsetOf(a)) / a - (0.5 * b * ratio) / a + 0.5;
}

function toRgb(from: PlainFormat, to: PlainFormat, color: Color): Convert {
  const full: PlainFormat = { ...to, kind: 'yuv444p' };
  const matrix: ColorMatrix = colorMatrix(color, from.height);
  const toFull: Convert = planConversion(from, full, color) ?? ((input, output) => output.set(input));
  return chain(toFull, full, (input, output) => {
    const [y, u, v] = planesOf(full, input) as [Plane, Plane, Plane];
    yuvToRgb(matrix, y.data, u.data, v.data, output);
  });
}

function fromRgb(from: PlainFormat, to: PlainFormat, color: Color): Convert {
  const full: PlainFormat = { ...from, kind: 'yuv444p' };
  const matrix: ColorMatrix = colorMatrix(color, from.height);
  const toFull: Convert = (input, output) => {
    const [y, u, v] = planesOf(full, output) as [Plane, Plane, Plane];
    rgbToYuv(matrix, input, y.data, u.data, v.data);
  };
  return chain(toFull, full, planConversion(full, to, color));
}
