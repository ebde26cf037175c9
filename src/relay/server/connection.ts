import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { SUBPROTOCOL } from '../delivery/protocol.js';
import type { ViewerSink } from '../delivery/viewer.js';

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
  #heardAt: number;
  #pingedAt: number;

  constructor(
    private readonly socket: WebSocket,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.#heardAt = this.#pingedAt = clock.now();
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('pong', () => this.#heard());
    socket.on('error', () => {}); // ws closes with the right code (RFC 6455 §7.4.1); 'close' follows.
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
    if (this.#isOpen) this.socket.send(data, () => {}); // A failed write is followed by 'close'.
  }

  /** Starts the closing handshake. The socket is destroyed after `closeMs` if the other end does not answer. */
  close(code: number, reason: string): void {
    this.socket.resume();
    this.socket.close(code, reason);
  }

  /** Destroys the socket without a closing handshake. */
  terminate(): void {
    this.socket.resume();
    this.socket.terminate();
  }

  /** Stops reading until `resume`, so that the other end has to wait. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /**
   * Pings about every `pingMs`, and ends a connection that was silent for `silentMs`. A peer that vanished without
   * closing is noticed in no other way. A paused connection cannot be heard, so it is left alone.
   */
  beat({ pingMs, silentMs }: Pick<RelayLimits, 'pingMs' | 'silentMs'>): void {
    const now = this.clock.now();
    if (this.socket.isPaused) this.#heard();
    if (now - this.#heardAt >= silentMs) this.terminate();
    if (now - this.#pingedAt < pingMs || !this.#isOpen) return;
    this.#pingedAt = now;
    this.socket.ping(undefined, undefined, () => {});
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
  readonly #open = new Set<Connection>();
  readonly #viewers: WebSocketServer;
  readonly #pushers: WebSocketServer;

  constructor(
    { maxMessageBytes, maxIngestMessageBytes, closeMs }: RelayLimits,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    // Video does not compress further, and a deflate context for each viewer would take memory.
    const common = { noServer: true, clientTracking: false, perMessageDeflate: false, closeTimeout: closeMs } as const;
    const handleProtocols = (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false);
    this.#viewers = new WebSocketServer({ ...common, ...VIEWER_PIECES, handleProtocols, maxPayload: maxMessageBytes });
    this.#pushers = new WebSocketServer({ ...common, ...INGEST_PIECES, handleProtocols, maxPayload: maxIngestMessageBytes });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Completes the handshake and calls `onOpen` before it returns. A request that is not a WebSocket handshake is answered 400 without calling it. */
  accept(kind: 'viewer' | 'pusher', { request, socket, head }: UpgradeRequest, onOpen: (connection: Connection) => void): void {
    const server = kind === 'viewer' ? this.#viewers : this.#pushers;
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(webSocket, this.clock);
      this.#open.add(connection);
      webSocket.once('close', () => this.#open.delete(connection));
      onOpen(connection);
    });
  }

  beat(limits: RelayLimits): void {
    for (const connection of this.#open) connection.beat(limits);
  }

  /** Closes all connections. Resolves when all have ended: ws destroys those that do not answer within `closeMs`. */
  async closeAll(code: number, reason: string): Promise<void> {
    const open = [...this.#open];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map(({ closed }) => closed));
  }
}

/** The arguments of node:http's 'upgrade' event. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
