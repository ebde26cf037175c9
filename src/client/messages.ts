/**
 * The text messages of the relay's protocol, version 1 (docs/relay.md), as plain types: the client has no dependencies.
 * The relay's schemas (src/relay/protocol.ts) do not compile where they differ.
 */

/** The subprotocol that a client asks for. */
export const SUBPROTOCOL = 'srvid.v1';

/** `sr` is super-resolved; `source` is what came in, with the same times; `raw` is `sr` as planes of samples, for who has a token. */
export type Rendition = 'sr' | 'source' | 'raw';

/** One plane of a raw frame, rows top to bottom, 8 bits a sample (`rgb`: three samples a pixel). */
export interface RawPlane {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
  readonly width: number;
  readonly height: number;
}

/** What is sent from now on. The next binary message is its init segment. */
export interface HelloMessage {
  readonly type: 'hello';
  /** The version of the protocol. */
  readonly v: number;
  readonly stream: string;
  readonly rendition: Rendition;
  /** Counts what begins anew: with each, times may begin anywhere. Both renditions of an epoch have the same times. */
  readonly epoch: number;
  /** For `MediaSource.isTypeSupported` and `addSourceBuffer`. */
  readonly mime: string;
  readonly width: number;
  readonly height: number;
  /** Frames a second, as the source promises them. */
  readonly fps: number;
  readonly renditions: readonly Rendition[];
  readonly source: { readonly width: number; readonly height: number };
  readonly preset: string;
  /** What may be switched to. */
  readonly presets: readonly string[];
  /** Best first. */
  readonly levels: readonly string[];
  /** Whether this viewer's token may switch preset and level. */
  readonly maySet: boolean;
  /** From a frame's arrival to the encoder, in milliseconds. */
  readonly budgetMs: number;
  /** Of `raw`: what follows the eight bytes of time (float64, big-endian, seconds) in each binary message. Colours by ffmpeg's names, null where the source does not say. */
  readonly raw?: { readonly planes: readonly RawPlane[]; readonly matrix: string | null; readonly range: 'tv' | 'pc' | null } | undefined;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Once a second. Counts are since the epoch began. */
export interface StatsMessage {
  readonly type: 'stats';
  /** The relay's wall clock, in milliseconds since 1970. */
  readonly at: number;
  readonly fps: number;
  readonly sourceFps: number;
  readonly level: string;
  /** The level that was asked for; null where the relay chooses. */
  readonly pinned: string | null;
  /** Frames by level. */
  readonly levels: Readonly<Record<string, number>>;
  readonly outcomes: { readonly sr: number; readonly reused: number; readonly bypassed: number; readonly dropped: number };
  /** From a frame's arrival to the encoder, in milliseconds. */
  readonly latencyMs: Percentiles;
  /** From a frame's arrival to the WebSocket, in milliseconds. */
  readonly relayMs: Percentiles;
  readonly viewers: number;
  /** The frame with the time `pts` (seconds, as in the fragments) came in at `at` (the relay's clock, in milliseconds since 1970); missing before the first frame. */
  readonly clock?: { readonly pts: number; readonly at: number } | undefined;
}

/** Just before the fragment at `to`: those from `from` on (seconds) were not sent. */
export interface GapMessage {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
  readonly fragments: number;
  readonly reason: string;
}

export interface StateMessage {
  readonly type: 'state';
  /** `waiting`: the source is away, the connection stays. `ended`: the connection is closed next. */
  readonly state: 'live' | 'waiting' | 'ended';
  readonly message?: string | undefined;
  readonly retryInMs?: number | undefined;
}

/** An answer to what the client asked, or what the client itself found wrong. */
export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly message: string;
}

export interface PongMessage {
  readonly type: 'pong';
  /** As in the ping. */
  readonly t: number;
  /** The relay's wall clock, in milliseconds since 1970. */
  readonly at: number;
}

export type ServerMessage = HelloMessage | StatsMessage | GapMessage | StateMessage | ErrorMessage | PongMessage;

/** Switches the preset, or pins a level (`auto` lets the relay choose). Needs a token that may write. */
export type SetRequest = { readonly preset: string } | { readonly level: string };

export type ClientMessage = ({ readonly type: 'set' } & SetRequest) | { readonly type: 'ping'; readonly t: number };

type FieldType = 'string' | 'number' | 'boolean' | 'list' | 'record';

/** The fields that a client relies on. Others may be missing or of another type without harm. */
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
 * Reads one text message of the relay. Unknown fields stay in it.
 * @returns undefined for a `type` that this client does not know, which the protocol has it ignore.
 * @throws TypeError for what is not a message, or lacks a field that its type has.
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
