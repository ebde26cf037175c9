import type { CommandInput } from '../ffmpeg/command.js';
import type { ProbedStream } from '../ffmpeg/probe.js';
import type { Cut } from '../input/cut.js';
import type { NutStream } from '../nut/syntax.js';
import type { TrackKind } from './container.js';
import type { CoverFile } from './cover-art.js';

/** A stream of the source that goes to the output unprocessed, beside the processed video. */
export interface CarriedStream {
  /** Its index in the source. */
  readonly index: number;
  readonly kind: TrackKind;
  /** 'copy', or the name of an encoder. */
  readonly codec: string;
  /** Filter before the encoder, which gives sound a channel layout that the encoder takes. */
  readonly filter?: string | undefined;
  /** Bitstream filter of a copy. */
  readonly bitstreamFilter?: string | undefined;
}

/** The source as the origin of everything but the processed video. */
export interface CarriedFile {
  readonly from: 'file';
  readonly input: CommandInput;
  readonly video: ProbedStream;
  readonly streams: readonly CarriedStream[];
  readonly covers: readonly CoverFile[];
  readonly cut: Cut;
  /** Streams that are read without being carried: see `watching`. */
  readonly watched: readonly number[];
  /** Cuts off what lies before 0, where a muxer that knows no time before 0 would move everything for its sake. */
  readonly fromZero: boolean;
  /**
   * Length of the output. It cuts chapters, which do not end with the reading; undefined where nothing must be
   * cut.
   */
  readonly lastsSeconds: number | undefined;
  /** The chapters in a file of their own, which are as they are to be; where not set those of the input are cut. */
  readonly chapters?: CommandInput | undefined;
}

/** Origin of everything in an output but the processed video. */
export type CarriedAlong =
  | CarriedFile
  | { readonly from: 'pipe'; readonly streams: readonly CarriedStream[]; readonly forwarded: readonly NutStream[] }
  | { readonly from: 'nothing' };

/** ffmpeg's options for a carried stream that is stream `order` of the output. */
export function codecOptions({ codec, filter, bitstreamFilter }: CarriedStream, order: number): string[] {
  return [
    ...[`-c:${order}`, codec],
    ...(filter === undefined ? [] : [`-filter:${order}`, filter]),
    ...(bitstreamFilter === undefined ? [] : [`-bsf:${order}`, bitstreamFilter]),
  ];
}
