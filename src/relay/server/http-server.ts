import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RelayLimits } from '../../options/limits.js';
import { type Answer, sendBare } from './answer.js';
import type { UpgradeRequest } from './connection.js';
import { Places } from './places.js';
import { malformed } from './refusals.js';

/** Milliseconds between two looks for requests that take too long. */
const LOOK_MS = 1000;

/** Answers of the HTTP server's owner. */
export interface HttpHandlers {
  request(request: IncomingMessage, response: ServerResponse): void;
  /** Takes the socket of a WebSocket handshake over, or returns the reason to refuse it. */
  upgrade(upgrade: UpgradeRequest): Answer | undefined;
  /** Called for each connection that was ended at once, since its address has as many as one may. */
  crowded(): void;
}

/**
 * The HTTP server, up to the request: bounds of connections and of time. A connection has one of its places until it
 * becomes a viewer or a pusher.
 */
export class HttpServer {
  readonly #http: Server;
  readonly #places: Places;
  readonly #leave = new WeakMap<Duplex, () => void>();

  constructor(
    { handshakeMs, silentMs, maxOtherConnections, maxOtherPerAddress }: RelayLimits,
    private readonly handlers: HttpHandlers,
  ) {
    this.#places = new Places({ total: maxOtherConnections, perAddress: maxOtherPerAddress });
    const http = createServer({
      headersTimeout: handshakeMs,
      requestTimeout: handshakeMs,
      keepAliveTimeout: handshakeMs,
      connectionsCheckingInterval: Math.min(LOOK_MS, handshakeMs),
    });
    http.timeout = silentMs;
    http.on('error', () => {}); // Of one connection that could not be taken, for want of descriptors; `listen` tells its own.
    http.on('connection', (socket) => this.#seat(socket));
    http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (socket.writable && error.code !== 'ECONNRESET') sendBare(socket, malformed(error.code));
      else socket.destroy();
    });
    http.on('request', (request, response) => handlers.request(request, response));
    http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {}); // A client that left needs no answer.
      if (!isWebSocket(request)) return this.#ignoreUpgrade(request, socket);
      const refused = handlers.upgrade({ request, socket, head });
      if (refused) sendBare(socket, refused);
    });
    this.#http = http;
  }

  /** Resolves when connections are taken. @throws the system's error */
  async listen(port: number, host: string): Promise<void> {
    await once(this.#http.listen(port, host), 'listening');
  }

  get listening(): boolean {
    return this.#http.listening;
  }

  /** The actual address. Call it while it listens. */
  get address(): AddressInfo {
    return this.#http.address() as AddressInfo;
  }

  /** Takes no more connections. Those that have not ended after `patienceMs` are destroyed. */
  async close(patienceMs: number): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    const impatience = setTimeout(() => this.#http.closeAllConnections(), patienceMs);
    await closed;
    clearTimeout(impatience);
  }

  /** Gives back the place of a connection that has become a viewer or a pusher. */
  leavePlace(socket: Duplex): void {
    this.#leave.get(socket)?.();
  }

  #seat(socket: Socket): void {
    const leave = this.#places.take(socket.remoteAddress ?? '');
    if (!leave) {
      this.handlers.crowded();
      socket.destroy();
      return;
    }
    this.#leave.set(socket, leave);
    socket.once('close', leave);
  }

  /** Answers a request to change to another protocol than WebSocket as if it had not asked for that (RFC 9110 §7.8). */
  #ignoreUpgrade(request: IncomingMessage, socket: Duplex): void {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => socket.end());
    this.handlers.request(request, response);
  }
}

function isWebSocket({ headers }: IncomingMessage): boolean {
  return /(?:^|,)\s*websocket\s*(?:,|$)/i.test(headers.upgrade ?? '');
}
