import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { sendBare } from './answer.js';
import type { HttpHandlers } from './http-server.js';

/**
 * The place of a relay within another program's HTTP server: everything under one path. Connections, their number and
 * their time are that server's; the relay's own bounds hold for requests and viewers.
 */
export class MountedHttp {
  #isOpen = false;

  /** @param path such as "/live", without a slash at its end; "" for all paths */
  constructor(
    private readonly path: string,
    private readonly handlers: HttpHandlers,
  ) {}

  get listening(): boolean {
    return this.#isOpen;
  }

  /** Requests are answered from now on. */
  open(): void {
    this.#isOpen = true;
  }

  /** Requests are answered no more. */
  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** Places of connections are the other server's. */
  leavePlace(): void {}

  /** Answers a request that is for the relay. @returns false for any other, which is left alone */
  request(request: IncomingMessage, response: ServerResponse): boolean {
    const inner = this.#isOpen ? this.#inner(request) : undefined;
    if (inner === undefined) return false;
    // The page's addresses are relative to the folder that it is in.
    if (inner === '') response.writeHead(308, { Location: `${this.path}/` }).end();
    else {
      request.url = inner;
      this.handlers.request(request, response);
    }
    return true;
  }

  /** Takes the socket of a WebSocket that is for the relay. @returns false for any other, which is left alone */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const inner = this.#isOpen ? this.#inner(request) : undefined;
    if (inner === undefined) return false;
    request.url = inner;
    socket.on('error', () => {}); // A client that left needs no answer.
    const refused = this.handlers.upgrade({ request, socket, head });
    if (refused) sendBare(socket, refused);
    return true;
  }

  /** The part of a request's address below the path. Express has taken it off already, and keeps the whole as `originalUrl`. */
  #inner(request: IncomingMessage & { readonly originalUrl?: string }): string | undefined {
    const whole = request.originalUrl ?? request.url ?? '';
    if (!whole.startsWith(this.path)) return undefined;
    const inner = whole.slice(this.path.length);
    if (inner.startsWith('?')) return '';
    return inner === '' || inner.startsWith('/') ? inner : undefined;
  }
}
