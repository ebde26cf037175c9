import { SrvidError } from '../errors.js';
import { SUBPROTOCOL } from './messages.js';

/** The part of WebSocket that the client uses. Browsers, Node 22 and the package `ws` have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: () => void): void;
  send(data: string): void;
  close(code?: number): void;
}

/** A WebSocket class. `protocols` is the name of the subprotocol. */
export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

/** Callbacks for one connection. */
export interface ConnectionListener {
  /** Called when the handshake has completed. */
  open(): void;
  text(message: string): void;
  binary(message: Uint8Array): void;
  /** Called once, also if the connection never opened. @param lastedMs milliseconds that it was open */
  closed(code: number, reason: string, lastedMs: number): void;
}

const OPEN = 1;
/** The code of a connection that ended without one (RFC 6455 §7.4.1). */
const ABNORMAL = 1006;
/** Milliseconds of silence after which a connection is given up. The relay sends something every second and answers pings. */
const SILENCE_MS = 15_000;

/** One WebSocket connection, from the attempt to its end. */
export class Connection {
  readonly #socket: WebSocketLike;
  #silence: ReturnType<typeof setTimeout>;
  #openedAt: number | undefined;
  #ended = false;

  constructor(
    url: URL,
    WebSocket: WebSocketConstructor,
    private readonly listener: ConnectionListener,
  ) {
    this.#silence = this.#startSilence();
    this.#socket = new WebSocket(url.href, SUBPROTOCOL);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => {
      this.#openedAt = performance.now();
      if (!this.#ended) listener.open();
    });
    this.#socket.addEventListener('message', ({ data }) => this.#receive(data));
    this.#socket.addEventListener('close', ({ code, reason }) => this.end(code, reason));
    // Browsers give no details here. A 'close' event follows.
    this.#socket.addEventListener('error', () => {});
  }

  /** Sends a message as JSON. @returns false if the connection is not open yet, or has ended */
  send(message: object): boolean {
    if (this.#ended || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends the connection without waiting for the other side. Nothing is received afterwards. */
  end(code = ABNORMAL, reason = ''): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    this.#socket.close();
    this.listener.closed(code, reason, this.#openedAt === undefined ? 0 : performance.now() - this.#openedAt);
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    clearTimeout(this.#silence);
    this.#silence = this.#startSilence();
    if (typeof data === 'string') this.listener.text(data);
    else if (data instanceof ArrayBuffer) this.listener.binary(new Uint8Array(data));
  }

  #startSilence() {
    return setTimeout(() => this.end(ABNORMAL, `The relay was silent for ${SILENCE_MS / 1000} s.`), SILENCE_MS);
  }
}

/** The URL to connect to, with `query` added. `http` becomes `ws`; a relative URL is resolved against the page's. @throws SRVID_OPTION_INVALID */
export function relayAddress(url: string | URL, query: Readonly<Record<string, string | undefined>>): URL {
  const page = (globalThis as { readonly location?: { readonly href: string } }).location?.href;
  if (!URL.canParse(String(url), page)) {
    throw new SrvidError('SRVID_OPTION_INVALID', `Expected the address of a stream, such as ws://127.0.0.1:8787/live/main, but received ${String(url)}.`);
  }
  const address = new URL(url, page);
  address.protocol = address.protocol.replace(/^http/, 'ws');
  if (!/^wss?:$/.test(address.protocol)) {
    throw new SrvidError('SRVID_OPTION_INVALID', `Expected an address that begins with ws:, wss:, http: or https:, but received ${address.protocol}.`);
  }
  for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, value);
  return address;
}
