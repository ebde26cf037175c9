import type { Readable } from 'node:stream';
import type { Percentiles } from '../../pipeline/frames/durations.js';
import type { RunMetrics } from '../../report/events.js';
import type { Rendition, RenditionName } from '../delivery/rendition.js';

/** The pattern of a stream's name, which is part of its address. */
export const STREAM_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** `idle`: nobody watches; the first viewer starts it. `waiting`: the source is away. `failed`: it cannot work, and is not tried again. */
export type StreamState = 'idle' | 'starting' | 'live' | 'waiting' | 'ended' | 'failed';

/** A stream's status for /stats and /metrics. Plain values only. */
export interface StreamStatus {
  /** Counts restarts, from 0. */
  readonly epoch: number;
  readonly preset: string;
  /** The input without user, password, path or query of a URL. */
  readonly source: string;
  /** The last error, without credentials. */
  readonly problem?: string | undefined;
  /** Figures of the source. Undefined unless the stream runs. */
  readonly live?: LiveStatus | undefined;
  readonly run?: RunMetrics | undefined;
}

/** Figures of a running source. */
export interface LiveStatus {
  readonly width: number;
  readonly height: number;
  /** Frames a second that arrive, over the last seconds. */
  readonly fps: number;
  /** The fixed level. Null if the engine chooses. */
  readonly pinned: string | null;
  /** Milliseconds from a frame's arrival to its complete fragment. */
  readonly relayMs: Percentiles;
  /** Frames that the `source` rendition skipped because its encoder was behind. */
  readonly sourceFramesLeft: number;
}

/** A named stream, as the server uses it. */
export interface RelayStream {
  /** Matches STREAM_NAME. */
  readonly name: string;
  readonly state: StreamState;
  /**
   * A rendition, or undefined if there is none of that name. It stays the same object for the stream's lifetime, so
   * viewers may subscribe before the first frame.
   */
  rendition(name: RenditionName): Rendition | undefined;
  /** Registers a viewer, which starts an on-demand stream. @returns a function that unregisters it */
  watch(): () => void;
  /** Switches the preset or fixes the level. The client is told the error. @throws SRVID_STREAM_NOT_LIVE, SRVID_PRESET_UNKNOWN, SRVID_OPTION_INVALID */
  set(change: { readonly preset?: string | undefined; readonly level?: string | undefined }): Promise<void>;
  /**
   * Accepts a pushed stream. `bytes` end when the pusher leaves. Resolves when decoding has begun. Destroying `bytes`
   * with an error closes the pusher's connection and sends it that error.
   * @throws SRVID_INGEST_REFUSED if this stream has a source of its own, or somebody pushes already
   * @throws SRVID_INPUT_UNREADABLE if it is not video within 30 s
   */
  ingest(bytes: Readable): Promise<void>;
  status(): StreamStatus;
}
