import type { Color, PlainFormat } from './frame.js';
import type { Rational } from './time.js';

/** What a video stream promises about its frames. */
export interface StreamInfo {
  /** As frames reach srvid: after rotation, in the pixel format they are decoded to. */
  readonly format: PlainFormat;
  readonly color: Color;
  /** Seconds a tick of every pts. */
  readonly timeBase: Rational;
  /** Frames a second; for a variable rate its average. Only for display and for sources without timestamps. */
  readonly frameRate: Rational;
  /** Shape of one pixel, width / height; undefined where the source does not say. */
  readonly sampleAspect: Rational | undefined;
}
