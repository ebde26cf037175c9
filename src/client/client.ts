import { ERROR_CODES, type ErrorCode, SrvidError } from '../errors.js';
import { Backoff } from './backoff.js';
import type { RelayClientEvents } from './client-events.js';
import { Connection, relayAddress, type WebSocketConstructor } from './connection.js';
import { Emitter } from './emitter.js';
import { FragmentQueue } from './fragment-queue.js';
import { type HelloMessage, parseServerMessage, type Rendition, type ServerMessage, type SetRequest, type StatsMessage } from './messages.js';
import { askWhy, type Refused } from './refusal.js';
import { RelayClock, wallClockMs } from './relay-clock.js';
import { type Fragment, SegmentReader } from './segments.js';
import { hiddenPage } from './visibility.js';

/** Options of `connect`. */
export interface ConnectOptions {
  /** The rendition to receive. Default `sr`. */
  readonly rendition?: Rendition;
  /** Token for a relay that requires one. It goes into the URL, since browsers cannot set a WebSocket's headers. */
  readonly token?: string | undefined;
  /** The WebSocket class. Default: the platform's. Node 20 has none; pass the one of the package `ws`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Reconnect when the connection is lost. Default true. */
  readonly reconnect?: boolean;
  /** Disconnect while the page is hidden, after 5 s. Default false. */
  readonly pauseWhileHidden?: boolean;
  /** Bytes that may wait in `for await` before fragments are skipped. Default 64 MiB. */
  readonly maxQueuedBytes?: number;
}

const PING_EVERY_MS = 5_000;
/** Close codes after which reconnecting is useless: the stream ended, or this client broke the protocol and would do so again. */
const FINAL_CODES = new Set([1000, 1008, 1009]);

/**
 * Connects to one stream of a relay. A lost connection is made again, with growing delays, until `close`. A relay's
 * refusal (HTTP status 401, 403 or 404) ends the client with an `error` event that says why.
 * @throws SRVID_OPTION_INVALID if the address is invalid, or the platform has no WebSocket
 */
export function connect(url: string | URL, options: ConnectOptions = {}): RelayClient {
  const WebSocket = options.WebSocket ?? (globalThis as { readonly WebSocket?: WebSocketConstructor }).WebSocket;
  if (!WebSocket) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      'This platform has no WebSocket. Node 22 and browsers do; on Node 20 pass that of the package ws: connect(url, { WebSocket }).',
    );
  }
  return new RelayClient(relayAddress(url, { rendition: options.rendition, token: options.token }), WebSocket, options);
}

/** The client of one stream. It emits events, and `for await` yields its fragments. */
export class RelayClient extends Emitter<RelayClientEvents> implements AsyncIterable<Fragment> {
  readonly #clock = new RelayClock();
  readonly #backoff = new Backoff();
  readonly #segments = new SegmentReader();
  readonly #queues = new Set<FragmentQueue>();
  readonly #pinging: ReturnType<typeof setInterval>;
  readonly #stopWatching: () => void;
  #connection: Connection | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** The relay is being asked why it refused. */
  #asking = false;
  #closed = false;
  #paused = false;
  #hello: HelloMessage | undefined;
  #stats: StatsMessage | undefined;
  #failure: SrvidError | undefined;

  /** Use `connect` instead. */
  constructor(
    private readonly address: URL,
    private readonly WebSocket: WebSocketConstructor,
    private readonly options: ConnectOptions,
  ) {
    super();
    this.#pinging = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#stopWatching = options.pauseWhileHidden
      ? hiddenPage(
          () => this.#pause(),
          () => this.#resume(),
        )
      : () => {};
    this.#open();
  }

  /** The last `hello`, which may be of an earlier connection. */
  get hello(): HelloMessage | undefined {
    return this.#hello;
  }

  /** The last `stats`, which may be of an earlier connection. */
  get stats(): StatsMessage | undefined {
    return this.#stats;
  }

  /** True after this client has ended for good. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The relay's wall-clock time now, in milliseconds since 1970. Undefined before the first pong. */
  relayNow(): number | undefined {
    return this.#clock.offsetMs === undefined ? undefined : wallClockMs() + this.#clock.offsetMs;
  }

  /**
   * Asks the relay to switch the preset or the level. A new preset causes a new `hello`, a level `pinned` in `stats`, a failure `error`.
   * @returns false if the request could not be sent
   */
  set(change: SetRequest): boolean {
    return this.#connection?.send({ type: 'set', ...change }) ?? false;
  }

  /** Drops the connection and makes a new one after the usual delay. For players whose decoder has failed. */
  reconnect(reason: string): void {
    this.#connection?.end(undefined, reason);
  }

  /** Ends the client for good. Fragments that wait in a `for await` are still yielded. */
  close(): void {
    if (this.#closed) return;
    this.#finish();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.end(1000, 'Closed by the client.');
  }

  /**
   * Yields every fragment from now on, until the stream ends. Over `maxQueuedBytes` fragments are skipped; the next one then
   * carries a `gap`. Throws the relay's refusal as an SrvidError, if it refuses for good.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Fragment> {
    const queue: FragmentQueue = new FragmentQueue(this.options.maxQueuedBytes ?? 64 * 2 ** 20, () => this.#queues.delete(queue));
    if (this.#closed) queue.end(this.#failure);
    else this.#queues.add(queue);
    return queue;
  }

  #open(): void {
    this.#retry = undefined;
    this.#segments.beginConnection();
    this.#connection = new Connection(this.address, this.WebSocket, {
      open: () => {
        // Three pings, since a connection's first round trips are seldom its shortest.
        for (const ms of [0, 200, 400]) setTimeout(() => this.#ping(), ms);
      },
      text: (message) => this.#receiveText(message),
      binary: (message) => this.#receiveBinary(message),
      closed: (code, reason, lastedMs) => this.#lost(code, reason, lastedMs),
    });
  }

  #ping(): void {
    this.#connection?.send({ type: 'ping', t: wallClockMs() });
  }

  #receiveText(text: string): void {
    try {
      const message = parseServerMessage(text);
      if (message) this.#receive(message);
    } catch (error) {
      this.#distrust(error);
    }
  }

  #receive(message: ServerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#hello = message;
        this.#segments.hello(message);
        this.emit('hello', message);
        return;
      case 'gap':
        this.#segments.gap(message);
        this.emit('gap', message);
        return;
      case 'stats':
        this.#stats = message;
        this.emit('stats', message);
        return;
      case 'pong':
        this.#clock.add(message.t, message.at, wallClockMs());
        return;
      case 'state':
        this.emit('state', message);
        return;
      case 'error':
        this.emit('error', message);
        return;
    }
  }

  #receiveBinary(data: Uint8Array): void {
    let read: ReturnType<SegmentReader['read']>;
    try {
      read = this.#segments.read(data);
    } catch (error) {
      this.#distrust(error);
      return;
    }
    if ('init' in read) {
      this.emit('init', read.init);
      return;
    }
    for (const queue of this.#queues) queue.push(read.fragment);
    this.emit('fragment', read.fragment);
  }

  /** Reports damaged or foreign data, and reconnects: nothing after it can be trusted. */
  #distrust(error: unknown): void {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const code = error instanceof TypeError ? 'SRVID_MESSAGE_INVALID' : 'SRVID_FRAGMENT_INVALID';
    this.emit('error', { type: 'error', code, message: error.message });
    this.reconnect(error.message);
  }

  #lost(code: number, reason: string, lastedMs: number): void {
    this.#connection = undefined;
    if (lastedMs > 0 || this.#closed || this.#paused) this.#ended(code, reason, lastedMs);
    else void this.#ask(code, reason);
  }

  /** Finds out why a connection never opened: browsers do not tell. */
  async #ask(code: number, reason: string): Promise<void> {
    this.#asking = true;
    const refusal = await askWhy(this.address);
    this.#asking = false;
    if (!this.#closed) this.#ended(code, reason, 0, refusal);
  }

  #ended(code: number, reason: string, lastedMs: number, refusal?: Refused): void {
    const again = !this.#closed && !FINAL_CODES.has(code) && !refusal?.final && this.options.reconnect !== false;
    const retryInMs = again ? this.#backoff.nextDelayMs(lastedMs) : undefined;
    if (retryInMs === undefined) this.#finish(refusal && errorOf(refusal));
    else if (!this.#paused) this.#retry = setTimeout(() => this.#open(), retryInMs);
    if (refusal?.final) this.emit('error', { type: 'error', code: refusal.code, message: refusal.message });
    this.emit('close', { code, reason, retryInMs, ...(refusal && { refusal }) });
  }

  #finish(error?: SrvidError): void {
    this.#closed = true;
    this.#failure = error;
    clearInterval(this.#pinging);
    clearTimeout(this.#retry);
    this.#stopWatching();
    for (const queue of this.#queues) queue.end(error);
    this.#queues.clear();
  }

  #pause(): void {
    this.#paused = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#connection?.end(undefined, 'The page is hidden.');
  }

  #resume(): void {
    this.#paused = false;
    if (!this.#closed && !this.#connection && !this.#asking && this.#retry === undefined) this.#open();
  }
}

function errorOf({ code, message, status, streams }: Refused): SrvidError {
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'SRVID_REQUEST_INVALID';
  return new SrvidError(known, message, { status, ...(streams && { streams }) });
}
