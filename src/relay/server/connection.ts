import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { SUBPROTOCOL } from '../delivery/protocol.js';
import type { RenditionName } from '../delivery/rendition.js';
import type { ViewerSink } from '../delivery/viewer.js';
import { wallClockMs } from '../source/wall-clock.js';
import { type Answer, refusal, sendBare } from './answer.js';
import { RateLimit } from './rate.js';
import type { Access } from './tokens.js';

/** The use of a connection: by whom, and of what. */
export interface SessionInfo {
  readonly kind: 'viewer' | 'pusher';
  readonly protocol: 'srvid' | 'go2rtc';
  readonly stream: string;
  readonly rendition?: RenditionName | undefined;
  readonly address: string;
  readonly access: Access;
}

/** Callbacks for one connection. */
export interface ConnectionEvents {
  readonly onMessage: (data: Buffer, isBinary: boolean) => void;
  /** Called once, however the connection ended. */
  readonly onClose: () => void;
}

/** One WebSocket after its handshake. No method throws, whatever the other end does. */
export class Connection implements ViewerSink {
  /** Resolves when the connection has ended and `onClose` was called. */
  readonly closed: Promise<void>;
  /** A name that cannot be guessed. */
  readonly id = randomBytes(8).toString('hex');
  /** Milliseconds since 1970. */
  readonly since = wallClockMs();
  /** The rate of messages, pings and pongs of the other end. */
  readonly rate: RateLimit;
  #heardAt: number;
  #pingedAt: number;
  #bytesSent = 0;
  #taken = 0;

  constructor(
    private readonly socket: WebSocket,
    readonly info: SessionInfo,
    private readonly limits: Pick<RelayLimits, 'messagesPerSecond'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.rate = new RateLimit({ burst: limits.messagesPerSecond, perSecond: limits.messagesPerSecond }, clock);
    this.#heardAt = this.#pingedAt = clock.now();
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    // Each ping is answered, so a flood of them is as costly as one of messages.
    for (const control of ['ping', 'pong'] as const) socket.on(control, () => this.takesMessage() && this.#heard());
    socket.on('error', () => {}); // ws closes with the right code (RFC 6455 §7.4.1); 'close' follows.
  }

  /** Bytes of the messages sent so far, those that wait included. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  listen({ onMessage, onClose }: ConnectionEvents): void {
    this.socket.on('message', (data, isBinary) => {
      this.#heard();
      if (this.#isOpen) onMessage(data as Buffer, isBinary);
    });
    this.socket.once('close', onClose);
  }

  /** Sends one message: a string as text, bytes as binary. The caller must not write to `data` afterwards. */
  send(data: string | Uint8Array): void {
    if (!this.#isOpen) return;
    this.#bytesSent += typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.socket.send(data, () => {}); // A failed write is followed by 'close'.
  }

  /** Counts a message against the other end's rate. Closes the connection and returns false where it is exceeded. */
  takesMessage(): boolean {
    if (this.rate.take()) return true;
    this.close(1008, `more than ${this.limits.messagesPerSecond} messages a second`);
    return false;
  }

  /** Starts the closing handshake. The socket is destroyed after `closeMs` if the other end does not answer. */
  close(code: number, reason: string): void {
    this.socket.resume();
    this.socket.close(code, reason);
  }

  /** Stops reading until `resume`, so that the other end has to wait. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /**
   * Pings about every `pingMs`, and closes a connection that was silent for `silentMs`. A peer that vanished without
   * closing is noticed in no other way. Bytes that it takes are a sign of life, too: of a slow one the pings wait behind
   * them. A paused connection cannot be heard, so it is left alone.
   * @returns false if the connection was closed for its silence
   */
  beat({ pingMs, silentMs }: Pick<RelayLimits, 'pingMs' | 'silentMs'>): boolean {
    const now = this.clock.now();
    const taken = this.#bytesSent - this.bufferedAmount;
    if (this.socket.isPaused || taken > this.#taken) this.#heard();
    this.#taken = Math.max(this.#taken, taken);
    if (this.#isOpen && now - this.#heardAt >= silentMs) {
      this.close(1013, 'no sign of life');
      return false;
    }
    if (now - this.#pingedAt < pingMs || !this.#isOpen) return true;
    this.#pingedAt = now;
    this.socket.ping(undefined, undefined, () => {});
    return true;
  }

  #heard(): void {
    this.#heardAt = this.clock.now();
  }

  get #isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }
}

/** Most data frames in a message, and most pieces of a frame, that ws may assemble (CVE-2026-48779). */
const VIEWER_PIECES = { maxFragments: 16, maxBufferedChunks: 256 };
/** A pushed message of megabytes does arrive in many packets. */
const INGEST_PIECES = { maxFragments: 256, maxBufferedChunks: 16_384 };

/** Turns allowed requests into connections, and counts them. */
export class Connections {
  readonly #open = new Map<string, Connection>();
  #silent = 0;
  readonly #viewers: WebSocketServer;
  readonly #pushers: WebSocketServer;

  constructor(
    private readonly limits: RelayLimits,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly onEnd: (connection: Connection, code: number) => void,
  ) {
    const { maxMessageBytes, maxIngestMessageBytes, closeMs } = limits;
    // Video does not compress further, and a deflate context for each viewer would take memory.
    const common = { noServer: true, clientTracking: false, perMessageDeflate: false, closeTimeout: closeMs } as const;
    const handleProtocols = (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false);
    this.#viewers = new WebSocketServer({ ...common, ...VIEWER_PIECES, handleProtocols, maxPayload: maxMessageBytes });
    this.#pushers = new WebSocketServer({ ...common, ...INGEST_PIECES, handleProtocols, maxPayload: maxIngestMessageBytes });
    // Else ws answers without the headers that every answer has.
    for (const server of [this.#viewers, this.#pushers]) server.on('wsClientError', ({ message }, socket) => sendBare(socket, notHandshake(message)));
  }

  get size(): number {
    return this.#open.size;
  }

  /** Number of connections that were closed since the other end gave no sign of life. */
  get silent(): number {
    return this.#silent;
  }

  /** All open connections. */
  get open(): readonly Connection[] {
    return [...this.#open.values()];
  }

  /** An open connection by its name. */
  find(id: string): Connection | undefined {
    return this.#open.get(id);
  }

  /**
   * Completes the handshake and calls `onOpen` before it returns. A request that is not a WebSocket handshake is answered
   * 400 without calling it.
   * @returns true if `onOpen` was called
   */
  accept(info: SessionInfo, { request, socket, head }: UpgradeRequest, onOpen: (connection: Connection) => void): boolean {
    const server = info.kind === 'viewer' ? this.#viewers : this.#pushers;
    let isOpen = false;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      isOpen = true;
      const connection = new Connection(webSocket, info, this.limits, this.clock);
      this.#open.set(connection.id, connection);
      webSocket.once('close', (code) => {
        this.#open.delete(connection.id);
        this.onEnd(connection, code);
      });
      onOpen(connection);
    });
    return isOpen;
  }

  beat(): void {
    for (const connection of this.#open.values()) if (!connection.beat(this.limits)) this.#silent++;
  }

  /** Closes all connections. Resolves when all have ended: ws destroys those that do not answer within `closeMs`. */
  async closeAll(code: number, reason: string): Promise<void> {
    const { open } = this;
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map(({ closed }) => closed));
  }
}

function notHandshake(found: string): Answer {
  return refusal(400, 'SRVID_REQUEST_INVALID', `This is not the handshake of a WebSocket: ${found}.`);
}

/** The arguments of node:http's 'upgrade' event. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
