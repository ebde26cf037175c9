import type { TrackKind } from './container.js';

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

/** ffmpeg's options for a carried stream that is stream `order` of the output. */
export function codecOptions({ codec, filter, bitstreamFilter }: CarriedStream, order: number): string[] {
  return [
    ...[`-c:${order}`, codec],
    ...(filter === undefined ? [] : [`-filter:${order}`, filter]),
    ...(bitstreamFilter === undefined ? [] : [`-bsf:${order}`, bitstreamFilter]),
  ];
}
