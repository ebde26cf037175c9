import { SrvidError } from '../../errors.js';
import type { Rational } from './time.js';

/**
 * Formats of complete pictures, by ffmpeg's names. All have 8 bits a sample; planes are tight (stride = width in
 * bytes).
 */
export type PixelFormat = 'yuv420p' | 'yuv422p' | 'yuv444p' | 'gray' | 'rgb24';

/**
 * The format between a luma network and the encoder: the luma plane at output size, followed by `small`, the last
 * complete frame before the size changed. Its chroma is still to be scaled (by the encoder's swscale, in C).
 */
export interface SplitFormat {
  readonly kind: 'split';
  readonly width: number;
  readonly height: number;
  readonly small: PlainFormat;
}

/** A frame of one size, all planes of which belong to one picture. Width and height in pixels. */
export interface PlainFormat {
  readonly kind: PixelFormat;
  readonly width: number;
  readonly height: number;
}

/** A frame that lies in no ring. Its bytes are in the format that its holder knows of, and its own. */
export interface HeldFrame {
  /** In ticks of its source. */
  readonly pts: number;
  readonly bytes: Uint8Array;
}

/** The format of the frames in a ring's slots. */
export type FrameFormat = PlainFormat | SplitFormat;

/**
 * Colour description by ffmpeg's names. Undefined where the source does not name it; the output then stays untagged.
 */
export interface Color {
  readonly matrix?: string | undefined;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
  /** 'tv' is limited range (luma 16..235, chroma 16..240), 'pc' full range (0..255). */
  readonly range?: 'tv' | 'pc' | undefined;
  /** Position of chroma samples among luma samples: 'left', 'center', 'topleft' ... */
  readonly chromaLocation?: string | undefined;
}

/** One plane of a frame. `data[y * stride + x]`; rows top to bottom. */
export interface Plane {
  readonly data: Uint8Array;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** In samples; a row of rgb24 has 3 × width bytes. */
  readonly width: number;
  readonly height: number;
}

/**
 * One decoded picture. Its planes are views of memory with another owner: they are valid until the call that gave the
 * frame ends.
 */
export interface Frame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Plane[];
  /** Presentation time, in ticks of `timeBase`. */
  readonly pts: number;
  /** Seconds a tick. */
  readonly timeBase: Rational;
  readonly color: Color;
}

/** Position of a plane in a frame's bytes. Offset in bytes, width and height in samples. */
export interface PlaneLayout {
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly bytesPerSample: number;
}

/** Bytes of one sample; rgb24 has red, green and blue in one. */
const BYTES_PER_SAMPLE: Readonly<Record<PixelFormat, number>> = { yuv420p: 1, yuv422p: 1, yuv444p: 1, gray: 1, rgb24: 3 };

/** log2 of the chroma subsampling, horizontally and vertically. */
export const CHROMA_SHIFT: Readonly<Record<PixelFormat, readonly [x: number, y: number] | undefined>> = {
  yuv420p: [1, 1],
  yuv422p: [1, 0],
  yuv444p: [0, 0],
  gray: undefined,
  rgb24: undefined,
};

/** Tags of raw frames in NUT, from ffmpeg's raw codec table. */
export const FOURCC: Readonly<Record<PixelFormat, string>> = { yuv420p: 'I420', yuv422p: '422P', yuv444p: '444P', gray: 'Y800', rgb24: 'RGB\x18' };

/** The format with the same samples and another chroma subsampling, given as in `CHROMA_SHIFT`. */
export function withChroma(kind: PixelFormat, [x, y]: readonly [x: number, y: number]): PixelFormat {
  const fits = (other: PixelFormat) => BYTES_PER_SAMPLE[other] === BYTES_PER_SAMPLE[kind] && CHROMA_SHIFT[other]?.[0] === x && CHROMA_SHIFT[other]?.[1] === y;
  const found = (Object.keys(CHROMA_SHIFT) as PixelFormat[]).find(fits);
  if (!found) throw new Error(`withChroma: no format has the samples of ${kind} and chroma shifted by ${x}, ${y}`);
  return found;
}

/**
 * The plain frames that lie one behind the other in a frame's bytes: the frame itself, or a split frame's large luma
 * and its small frame.
 */
export function partsOf(format: FrameFormat): readonly PlainFormat[] {
  return format.kind === 'split' ? [lumaFormat(format), format.small] : [format];
}

/** The format of a frame's luma plane alone, as gray. Every frame but those of RGB begins with that plane. */
export function lumaFormat({ width, height }: FrameFormat): PlainFormat {
  return { kind: 'gray', width, height };
}

/**
 * The planes of a frame in order, tightly packed: Y, U, V, or one plane of gray or RGB. A split frame has the large Y
 * first, then the planes of its small frame.
 */
export function planeLayouts(format: FrameFormat): readonly PlaneLayout[] {
  let offset = 0;
  return partsOf(format)
    .flatMap(planeSizes)
    .map((size) => {
      const layout = { ...size, offset };
      offset += planeBytes(layout);
      return layout;
    });
}

/** Bytes of one plane. */
export function planeBytes({ width, height, bytesPerSample }: Omit<PlaneLayout, 'offset'>): number {
  return width * height * bytesPerSample;
}

/** Bytes of one frame. */
export function frameBytes(format: FrameFormat): number {
  return planeLayouts(format).reduce((sum, plane) => sum + planeBytes(plane), 0);
}

/** Bytes of the luma plane. The rest of the frame begins at this offset. */
export function lumaBytes(format: FrameFormat): number {
  return frameBytes(lumaFormat(format));
}

/** The byte at which a split frame's small frame begins. */
export function smallOffset(format: SplitFormat): number {
  return lumaBytes(format);
}

/** Views of a frame's planes in `bytes`, in the order of `planeLayouts`. Nothing is copied. */
export function planesOf(format: FrameFormat, bytes: Uint8Array): readonly Plane[] {
  return planeLayouts(format).map((layout) => ({
    data: bytes.subarray(layout.offset, layout.offset + planeBytes(layout)),
    stride: layout.width * layout.bytesPerSample,
    width: layout.width,
    height: layout.height,
  }));
}

/** Fills samples with the middle of their range: middle gray as luma, no colour as chroma. */
export function fillMiddle(bytes: Uint8Array): void {
  bytes.fill(128);
}

/** True where both formats have the same kind and sizes; of split frames the small frame counts, too. */
export function sameFormat(a: FrameFormat, b: FrameFormat): boolean {
  if (a.kind !== b.kind || a.width !== b.width || a.height !== b.height) return false;
  return a.kind !== 'split' || b.kind !== 'split' || sameFormat(a.small, b.small);
}

/** "1920x1080 yuv420p", for messages. */
export function describeFormat(format: FrameFormat): string {
  const size = `${format.width}x${format.height}`;
  return format.kind === 'split' ? `${size} luma + ${describeFormat(format.small)}` : `${size} ${format.kind}`;
}

/**
 * Checks the size of `what` ("A frame", "The result"), in pixels.
 * @throws SRVID_INPUT_UNSUPPORTED unless each side is from 1 to 16384
 */
export function assertFrameSize(what: string, width: number, height: number): void {
  const maximum = 16384;
  if (Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width <= maximum && height <= maximum) return;
  throw new SrvidError('SRVID_INPUT_UNSUPPORTED', `${what} of ${width}x${height} pixels cannot be processed: each side must be from 1 to ${maximum} pixels.`, {
    width,
    height,
  });
}

/** Sizes of a plain frame's planes. */
function planeSizes({ kind, width, height }: PlainFormat): Omit<PlaneLayout, 'offset'>[] {
  const bytesPerSample = BYTES_PER_SAMPLE[kind];
  const shift = CHROMA_SHIFT[kind];
  const first = { width, height, bytesPerSample };
  if (!shift) return [first];
  const chroma = { width: ceilShift(width, shift[0]), height: ceilShift(height, shift[1]), bytesPerSample };
  return [first, chroma, chroma];
}

function ceilShift(value: number, shift: number): number {
  return (value + (1 << shift) - 1) >> shift;
}
