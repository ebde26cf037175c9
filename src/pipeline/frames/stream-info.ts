import type { Color, PlainFormat } from './frame.js';
import type { Rational } from './time.js';

/** Properties of a video stream that hold for all of its frames. */
export interface StreamInfo {
  /** The frames as they reach srvid: after rotation, in the pixel format that they are decoded to. */
  readonly format: PlainFormat;
  readonly color: Color;
  /** Seconds a tick of every pts. */
  readonly timeBase: Rational;
  /** Frames a second; the average where the rate varies. Only for display and for sources without timestamps. */
  readonly frameRate: Rational;
  /** Shape of one pixel, width / height; undefined where the source does not say. */
  readonly sampleAspect: Rational | undefined;
}
