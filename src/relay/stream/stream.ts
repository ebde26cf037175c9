import type { Readable } from 'node:stream';
import type { Percentiles } from '../../pipeline/frames/durations.js';
import type { RunMetrics } from '../../report/events.js';
import type { Rendition, RenditionName } from '../delivery/rendition.js';

/** What a stream is called in addresses. */
export const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** `waiting`: its source is away. `idle`: nobody watches, and it is started when somebody does. */
export type StreamState = 'idle' | 'starting' | 'live' | 'waiting' | 'ended';

/** What a stream tells for /stats and /metrics; plain values. */
export interface StreamStatus {
  /** Counts from 0: what began anew. */
  readonly epoch: number;
  readonly preset: string;
  /** What it is fed by, as it may be shown: no user, password, path or query of a URL. */
  readonly source: string;
  /** What went wrong last, in words that hold no credentials. */
  readonly problem?: string | undefined;
  /** While it runs. */
  readonly live?: LiveStatus | undefined;
  readonly run?: RunMetrics | undefined;
}

/** What is known of a source that is there. */
export interface LiveStatus {
  readonly width: number;
  readonly height: number;
  /** Frames a second, of the last some seconds. */
  readonly fps: number;
  /** The level that frames are kept at; null where the engine chooses. */
  readonly pinned: string | null;
  /** From a frame's arrival to its fragment's being there. */
  readonly relayMs: Percentiles;
  /** Frames of which the `source` rendition was not in time. */
  readonly sourceFramesLeft: number;
}

/** One named stream as the server sees it. */
export interface RelayStream {
  /** Matches STREAM_NAME. */
  readonly name: string;
  readonly state: StreamState;
  /** The same one from the stream's beginning to its end, so that viewers may come before the first picture does. */
  rendition(name: RenditionName): Rendition | undefined;
  /** A viewer is there: a stream started on demand starts. Undone by the returned function. */
  watch(): () => void;
  /** @throws SrvidError for an unknown preset or level, which the client is told */
  set(change: { readonly preset?: string | undefined; readonly level?: string | undefined }): Promise<void>;
  /**
   * A stream pushed in, whose bytes end when the pusher leaves. Resolves when decoding has begun. Destroying `bytes`
   * with an error ends the pusher's connection, and the error is what it is told.
   * @throws SrvidError if this stream is not one that is pushed, or somebody pushes already
   */
  ingest(bytes: Readable): Promise<void>;
  status(): StreamStatus;
}
