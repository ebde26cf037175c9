import type { Color, PixelFormat, Plane } from '../pipeline/frames/frame.js';
import type { Rational } from '../pipeline/frames/time.js';

/** Formats of frames that a program gives: srvid's own, and RGB with transparency, which is left out. */
export type InputFormat = PixelFormat | 'rgba';

/**
 * A frame that a program gives, by `data` or by `planes`. It stays the program's own: srvid has copied it when it asks for
 * the next one, so that its memory may be used again then.
 */
export interface InputFrame {
  readonly format: InputFormat;
  /** In pixels; all frames of a source have one size. */
  readonly width: number;
  readonly height: number;
  /** All planes, one behind the other, rows without padding: Y, U, V, or one plane of gray, RGB or RGBA. */
  readonly data?: Uint8Array | Uint8ClampedArray | undefined;
  /** The planes, where rows are padded or planes lie apart. Where there is `data`, that counts. */
  readonly planes?: readonly Pick<Plane, 'data' | 'stride'>[] | undefined;
  /** Presentation time in ticks of `timeBase`, from 0, each later than the one before. Frames without it are counted at the option `frameRate`. */
  readonly pts?: number | undefined;
  /** Seconds a tick, `{ num: 1, den: 25 }`. */
  readonly timeBase?: Rational | undefined;
  /** Frames a second, on average; for encoders, and for the duration of the last frame. */
  readonly frameRate?: Rational | undefined;
  /** Colours by ffmpeg's names. Untagged where not given. RGB has full range, and needs no matrix. */
  readonly color?: Color | undefined;
  /** Shape of one pixel, width ÷ height. */
  readonly sampleAspect?: Rational | undefined;
}

/** Forms in which frames are handed out: as the chain makes them (planar YUV or gray), or as RGB of full range. */
export const OUTPUT_FORMS = ['native', 'rgb24', 'rgba'] as const;
/** One of `OUTPUT_FORMS`. */
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/**
 * A frame that was handed out. It is the receiver's own: its memory belongs to nobody else and is never used again, so it
 * may be kept, changed, or transferred to another thread.
 */
export interface OutputFrame {
  readonly format: InputFormat;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** All planes, one behind the other, rows without padding. It fills its `ArrayBuffer`. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Views of `data`: Y, U, V, or one plane of gray, RGB or RGBA. */
  readonly planes: readonly Plane[];
  /** Presentation time in ticks of `timeBase`, exactly as in the source. */
  readonly pts: number;
  /** Seconds a tick. */
  readonly timeBase: Rational;
  /** `pts` in seconds. */
  readonly seconds: number;
  /** Frames a second, on average. */
  readonly frameRate: Rational;
  /** Colours by ffmpeg's names, as the source tells them. */
  readonly color: Color;
  /** Shape of one pixel, width ÷ height; undefined where the source does not say. */
  readonly sampleAspect: Rational | undefined;
}
