import { SrvidError } from '../../errors.js';
import type { Rational } from './time.js';

/** Whole-picture formats, by ffmpeg's names. All 8 bits a sample; planes are tight (stride = width in bytes). */
export type PixelFormat = 'yuv420p' | 'yuv422p' | 'yuv444p' | 'gray' | 'rgb24';

/**
 * The house format between a luma network and the encoder: the luma plane at output size, followed by `small`, the
 * last whole frame before the size changed, whose chroma is still to be scaled (by the encoder's swscale, in C).
 */
export interface SplitFormat {
  readonly kind: 'split';
  readonly width: number;
  readonly height: number;
  readonly small: PlainFormat;
}

export interface PlainFormat {
  readonly kind: PixelFormat;
  readonly width: number;
  readonly height: number;
}

/** What a slot holds. */
export type FrameFormat = PlainFormat | SplitFormat;

/** Colour description by ffmpeg's names; undefined where the source does not say, and then nothing is written either. */
export interface Color {
  readonly matrix?: string | undefined;
  readonly primaries?: string | undefined;
  readonly transfer?: string | undefined;
  /** 'tv' is limited (16..235), 'pc' full (0..255). */
  readonly range?: 'tv' | 'pc' | undefined;
  /** 'left', 'center', 'topleft' ...: where chroma samples sit among luma samples. */
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

/** One decoded picture. Its planes are views of memory that somebody else owns: valid until the call that gave it ends. */
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

/** Where a plane lies in a frame's bytes. */
export interface PlaneLayout {
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly bytesPerSample: number;
}

/** log2 of the chroma subsampling, horizontally and vertically. */
export const CHROMA_SHIFT: Readonly<Record<PixelFormat, readonly [x: number, y: number] | undefined>> = {
  yuv420p: [1, 1],
  yuv422p: [1, 0],
  yuv444p: [0, 0],
  gray: undefined,
  rgb24: undefined,
};

/** The planes of a plain format in order, tightly packed: Y, U, V, or one plane of gray or RGB. */
export function planeLayouts(format: PlainFormat): readonly PlaneLayout[] {
  const { kind, width, height } = format;
  const first = { offset: 0, width, height, bytesPerSample: kind === 'rgb24' ? 3 : 1 };
  const shift = CHROMA_SHIFT[kind];
  if (!shift) return [first];
  const chromaWidth = ceilShift(width, shift[0]);
  const chromaHeight = ceilShift(height, shift[1]);
  const offset = width * height;
  const chroma = { width: chromaWidth, height: chromaHeight, bytesPerSample: 1 };
  return [first, { ...chroma, offset }, { ...chroma, offset: offset + chromaWidth * chromaHeight }];
}

/** Bytes of one frame. */
export function frameBytes(format: FrameFormat): number {
  if (format.kind === 'split') return format.width * format.height + frameBytes(format.small);
  return planeLayouts(format).reduce((sum, plane) => sum + plane.width * plane.height * plane.bytesPerSample, 0);
}

/** Views of a plain frame's planes in `bytes`, which is not copied. */
export function planesOf(format: PlainFormat, bytes: Uint8Array): readonly Plane[] {
  return planeLayouts(format).map(({ offset, width, height, bytesPerSample }) => ({
    data: bytes.subarray(offset, offset + width * height * bytesPerSample),
    stride: width * bytesPerSample,
    width,
    height,
  }));
}

export function sameFormat(a: FrameFormat, b: FrameFormat): boolean {
  if (a.kind !== b.kind || a.width !== b.width || a.height !== b.height) return false;
  return a.kind !== 'split' || b.kind !== 'split' || sameFormat(a.small, b.small);
}

/** "1920x1080 yuv420p", for messages. */
export function describeFormat(format: FrameFormat): string {
  const size = `${format.width}x${format.height}`;
  return format.kind === 'split' ? `${size} luma + ${describeFormat(format.small)}` : `${size} ${format.kind}`;
}

/** Checks `what`, "A frame" or "The result". @throws SRVID_INPUT_UNSUPPORTED for sizes that no frame can have. */
export function assertFrameSize(what: string, width: number, height: number): void {
  const maximum = 16384;
  if (Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width <= maximum && height <= maximum) return;
  throw new SrvidError('SRVID_INPUT_UNSUPPORTED', `${what} of ${width}x${height} pixels cannot be processed: each side must be from 1 to ${maximum} pixels.`, {
    width,
    height,
  });
}

function ceilShift(value: number, shift: number): number {
  return (value + (1 << shift) - 1) >> shift;
}
