import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { SUBPROTOCOL } from '../delivery/protocol.js';
import type { ViewerSink } from '../delivery/viewer.js';

export interface ConnectionEvents {
  readonly onMessage: (data: Buffer, isBinary: boolean) => void;
  /** Once, however it ended. */
  readonly onClose: () => void;
}

/** One WebSocket, after its handshake. Whatever the other end does, nothing here throws. */
export class Connection implements ViewerSink {
  /** Resolves when it has ended and everybody has been told. */
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
    socket.on('error', () => {}); // ws closes with the code that fits (RFC 6455 §7.4.1); 'close' follows.
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

  /** `data` must not be written to afterwards. */
  send(data: string | Uint8Array): void {
    if (this.#isOpen) this.socket.send(data, () => {}); // A failed write is followed by 'close'.
  }

  /** Says goodbye; ended after `closeMs` where no answer comes. */
  close(code: number, reason: string): void {
    this.socket.resume();
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.resume();
    this.socket.terminate();
  }

  /** Nothing is read until `resume`, so that the other end has to wait. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /**
   * Asks for a sign of life now and then, and ends a connection that gave none: an end that vanished without a word is
   * noticed in no other way. One that is not read just now cannot be heard, and is let be.
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

/** Data frames of one message, and pieces of one frame as they came, that are put together at most (CVE-2026-48779). */
const VIEWER_PIECES = { maxFragments: 16, maxBufferedChunks: 256 };
/** A message of megabytes does come in many packets. */
const INGEST_PIECES = { maxFragments: 256, maxBufferedChunks: 16_384 };

/** Turns requests that were let in into connections, and keeps count of them. */
export class Connections {
  readonly #open = new Set<Connection>();
  readonly #viewers: WebSocketServer;
  readonly #pushers: WebSocketServer;

  constructor(
    { maxMessageBytes, maxIngestMessageBytes, closeMs }: RelayLimits,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    // Video does not get smaller by deflating it, and a context for each viewer takes memory.
    const common = { noServer: true, clientTracking: false, perMessageDeflate: false, closeTimeout: closeMs } as const;
    const handleProtocols = (offered: Set<string>) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false);
    this.#viewers = new WebSocketServer({ ...common, ...VIEWER_PIECES, handleProtocols, maxPayload: maxMessageBytes });
    this.#pushers = new WebSocketServer({ ...common, ...INGEST_PIECES, handleProtocols, maxPayload: maxIngestMessageBytes });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Completes the handshake and calls back at once; a request that is no WebSocket's is answered 400 and not called back for. */
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

  /** Asks all to leave, and resolves when all have: after `closeMs` ws ends those that have not. */
  async closeAll(code: number, reason: string): Promise<void> {
    const open = [...this.#open];
    for (const connection of open) connection.close(code, reason);
    await Promise.all(open.map(({ closed }) => closed));
  }
}

/** What node:http gives with 'upgrade'. */
export interface UpgradeRequest {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}
