/**
 * The text messages of the relay's protocol, version 1 (docs/relay.md), as plain types, since the client has no
 * dependencies. The relay's schemas (src/relay/delivery/protocol.ts) do not compile if they differ from these types.
 */

/** The name of the WebSocket subprotocol. */
export const SUBPROTOCOL = 'srvid.v1';

/**
 * `sr`: super-resolved video. `source`: the input video, with the same timestamps. `raw`: the frames of `sr` as planes of
 * samples, for clients with a token.
 */
export type Rendition = 'sr' | 'source' | 'raw';

/** One plane of a raw frame: 8 bits a sample, rows from top to bottom. `rgb` has three samples a pixel. */
export interface RawPlane {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
  readonly width: number;
  readonly height: number;
}

/** Describes the rendition from now on. The next binary message is its init segment. */
export interface HelloMessage {
  readonly type: 'hello';
  /** Version of the protocol. */
  readonly v: number;
  /** The stream's name, as in its address. */
  readonly stream: string;
  readonly rendition: Rendition;
  /** Counts restarts. Timestamps may start anywhere in a new epoch. All renditions of an epoch have the same timestamps. */
  readonly epoch: number;
  /** MIME type for `MediaSource.isTypeSupported` and `addSourceBuffer`. */
  readonly mime: string;
  /** Size of the video in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames a second, as the source declares them. */
  readonly fps: number;
  /** The renditions that a viewer can ask for. `raw` is not listed. */
  readonly renditions: readonly Rendition[];
  /** Size of the input video in pixels. */
  readonly source: { readonly width: number; readonly height: number };
  readonly preset: string;
  /** Presets that may be switched to. */
  readonly presets: readonly string[];
  /** Names of the quality levels, best first. The last one, `bypass`, resamples frames for which there is no time. */
  readonly levels: readonly string[];
  /** Those of the levels that run a network. The others only resample. Missing in relays before this field. */
  readonly networks?: readonly string[] | undefined;
  /** True if this viewer's token may switch preset and level. */
  readonly maySet: boolean;
  /** Milliseconds that a frame may take from its arrival to the encoder. */
  readonly budgetMs: number;
  /**
   * Only for `raw`: the planes in each binary message. They follow eight bytes of time (float64, big-endian, seconds).
   * Matrix and range have ffmpeg's names; null if the source does not give them.
   */
  readonly raw?: { readonly planes: readonly RawPlane[]; readonly matrix: string | null; readonly range: 'tv' | 'pc' | null } | undefined;
}

/** Percentiles of a measurement: the median, the 95th and the 99th. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Sent once a second. Counts start anew with each epoch. */
export interface StatsMessage {
  readonly type: 'stats';
  /** The relay's wall clock, in milliseconds since 1970. */
  readonly at: number;
  /** Frames a second that the relay sends. */
  readonly fps: number;
  /** Frames a second that the source sends. */
  readonly sourceFps: number;
  /** The quality level in use. */
  readonly level: string;
  /** The level that was asked for. Null if the relay chooses. */
  readonly pinned: string | null;
  /** Number of frames by level. */
  readonly levels: Readonly<Record<string, number>>;
  /** Frames a second since the last `stats`: those sent, by level, and those dropped. Missing in relays before this field. */
  readonly perSecond?: { readonly levels: Readonly<Record<string, number>>; readonly dropped: number } | undefined;
  /**
   * Share of the frames since the last `stats`, dropped ones included, whose picture a network made: 0 to 1. Null if no
   * frame came. Missing in relays before this field.
   */
  readonly superResolved?: number | null | undefined;
  /** Number of frames by outcome: super-resolved, reused from an equal frame, enlarged by the resampler, dropped. */
  readonly outcomes: { readonly sr: number; readonly reused: number; readonly bypassed: number; readonly dropped: number };
  /** Milliseconds from a frame's arrival to the encoder. */
  readonly latencyMs: Percentiles;
  /** Milliseconds from a frame's arrival to the WebSocket. */
  readonly relayMs: Percentiles;
  /** Viewers of all renditions. */
  readonly viewers: number;
  /**
   * Arrival of one frame: its timestamp in the fragments `pts`, in seconds, and the relay's wall clock `at`, in
   * milliseconds since 1970. Missing before the first frame.
   */
  readonly clock?: { readonly pts: number; readonly at: number } | undefined;
}

/** Sent before the fragment at `to`. The fragments from `from` on were not sent. Seconds. */
export interface GapMessage {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  /** `slow`: the relay skipped fragments for a slow viewer. `consumer`: this client did. */
  readonly reason: string;
}

/** The state of the stream. */
export interface StateMessage {
  readonly type: 'state';
  /** `waiting`: the source is away, the connection stays open. `ended`: the relay closes the connection next. */
  readonly state: 'live' | 'waiting' | 'ended';
  readonly message?: string | undefined;
  /** The error's code, where the state has an error as its cause. */
  readonly code?: string | undefined;
  /** Milliseconds until the relay tries again. Only for `waiting`. */
  readonly retryInMs?: number | undefined;
}

/** The relay's answer to a failed request, or an error that the client itself found. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

/** The JSON body of an HTTP answer that refuses a request. A handshake's is read by GET at the same address. */
export interface Refusal {
  readonly code: string;
  /** One or two sentences for a person. */
  readonly message: string;
  /** With SRVID_STREAM_UNKNOWN: the streams that this token may view. */
  readonly streams?: readonly string[] | undefined;
}

/** The relay's answer to a ping. It serves to compare the clocks. */
export interface PongMessage {
  readonly type: 'pong';
  /** The `t` of the ping. */
  readonly t: number;
  /** The relay's wall clock, in milliseconds since 1970. */
  readonly at: number;
}

/** Any text message of the relay to a viewer. */
export type ServerMessage = HelloMessage | StatsMessage | GapMessage | StateMessage | ErrorMessage | PongMessage;

/** Switches the preset, or fixes the level. `auto` lets the relay choose. Needs a token with the scope `write`. */
export type SetRequest = { readonly preset: string } | { readonly level: string };

/** Any text message of a viewer. `t` is returned in the pong. */
export type ClientMessage = ({ readonly type: 'set' } & SetRequest) | { readonly type: 'ping'; readonly t: number };

type FieldType = 'string' | 'number' | 'boolean' | 'list' | 'record';

/** The fields that a client relies on. Others may be missing or of another type. */
const REQUIRED: { readonly [Type in ServerMessage['type']]: Readonly<Record<string, FieldType>> } = {
  hello: {
    v: 'number',
    stream: 'string',
    rendition: 'string',
    epoch: 'number',
    mime: 'string',
    width: 'number',
    height: 'number',
    fps: 'number',
    renditions: 'list',
    source: 'record',
    preset: 'string',
    presets: 'list',
    levels: 'list',
    maySet: 'boolean',
    budgetMs: 'number',
  },
  stats: { at: 'number', fps: 'number', sourceFps: 'number', level: 'string', levels: 'record', outcomes: 'record' },
  gap: { from: 'number', to: 'number', fragments: 'number', reason: 'string' },
  state: { state: 'string' },
  error: { code: 'string', message: 'string' },
  pong: { t: 'number', at: 'number' },
};

/**
 * Parses one text message of the relay. Unknown fields are kept.
 * @returns undefined for an unknown `type`, which the protocol says to ignore
 * @throws TypeError if it is not a message, or lacks a required field
 */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const message: unknown = parseJson(text);
  if (typeOf(message) !== 'record') throw new TypeError(`Expected a JSON object with a "type", but received ${text.slice(0, 80)}.`);
  const record = message as Readonly<Record<string, unknown>>;
  const type = record['type'];
  if (typeof type !== 'string') throw new TypeError(`Expected a message with a "type", but received ${text.slice(0, 80)}.`);
  if (!Object.hasOwn(REQUIRED, type)) return undefined;
  for (const [field, expected] of Object.entries(REQUIRED[type as ServerMessage['type']])) {
    const found = typeOf(record[field]);
    if (found !== expected) throw new TypeError(`Expected "${field}" of a "${type}" message to be a ${expected}, but it is ${found}.`);
  }
  return message as ServerMessage;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError(`Expected JSON, but received ${text.slice(0, 80)}.`);
  }
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'record' : typeof value;
}
