import type { Color, FrameFormat } from '../frames/frame.js';
import type { Rational } from '../frames/time.js';
import type { NutStream } from '../nut/syntax.js';
import type { CarriedAlong } from './carried-stream.js';
import type { Container } from './container.js';
import type { EncoderClock } from './encoder-clock.js';
import type { FrameSideData } from './frame-side-data.js';
import type { StoredColor } from './stored-color.js';

/** The video codec and its settings. */
export interface EncoderSettings {
  /** ffmpeg's name for the encoder, "libx264". */
  readonly name: string;
  /** Options without their dash, in order. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** One output to encode: its frames, its encoder and container, and the streams that are carried along. */
export interface EncodePlan {
  /** The format of each frame's bytes. */
  readonly format: FrameFormat;
  readonly timeBase: Rational;
  /** The encoder's time base, where the encoder cannot count in `timeBase`. */
  readonly clock?: EncoderClock | undefined;
  /** End of the last frame in seconds of the output, where it may last longer than the others. */
  readonly endSeconds?: number | undefined;
  /**
   * The frame rate for encoders and muxers, which also gives the last frame its duration. Times come from the frames'
   * own pts.
   */
  readonly frameRate: Rational;
  /** Time in which ffmpeg takes no data after which it counts as hung, unless standard output's reader keeps it waiting. */
  readonly stallTimeoutMs: number;
  readonly color: Color;
  /** The conversion of colours that this encoder and container need, where they need one. */
  readonly stored?: StoredColor | undefined;
  /** Colours that a reader finds in this encoder's output, which are more than the plan's where ffmpeg tells some by itself. */
  readonly told?: Pick<Color, 'range' | 'matrix'> | undefined;
  /** Gray frames are encoded as they are. All others get chroma without colour. */
  readonly keepsGray?: boolean;
  readonly sampleAspect: Rational | undefined;
  readonly encoder: EncoderSettings;
  readonly container: Container;
  /** A path, or "pipe:1" for standard output. */
  readonly output: string;
  /** The rate at which frames are counted, for a container that knows no other times. */
  readonly countedRate?: Rational | undefined;
  /** Seconds taken off every pts: see `Source.shiftSeconds`. */
  readonly shiftSeconds: number;
  /** Side data of the source's frames, where the output is to have it. */
  readonly sideData?: FrameSideData | undefined;
  /** ffmpeg's options for tags, beside those that are copied from the source: see `planTags`. */
  readonly tags?: readonly string[] | undefined;
  /** Goes on where nearly all of the sound cannot be decoded. */
  readonly salvage?: boolean;
  /** Set where the pictures are coded already: packets of this stream are written in place of frames, and copied. */
  readonly coded?: NutStream | undefined;
  /** Packets that are read ahead of `coded` and of what is carried; see `packetsAhead`. */
  readonly ahead?: number | undefined;
  /** The time base that the encoder counts in, in place of the one that fits the container: that of another plan, of which this is a piece. */
  readonly codedTimeBase?: Rational | undefined;
  /** Origin of everything but the video. */
  readonly carry: CarriedAlong;
}
