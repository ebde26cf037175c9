import { SrvidError } from '../errors.js';
import { SUBPROTOCOL } from './messages.js';

/** What a client needs of a WebSocket: browsers have it, Node 22 has it, `ws` has it. */
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

export type WebSocketConstructor = new (url: string, protocols: string) => WebSocketLike;

export interface ConnectionListener {
  open(): void;
  text(message: string): void;
  binary(message: Uint8Array): void;
  /** Called once, for connections that never opened, too. @param lastedMs how long it was open. */
  closed(code: number, reason: string, lastedMs: number): void;
}

const OPEN = 1;
/** The code of a connection that ended without one (RFC 6455 §7.4.1). */
const ABNORMAL = 1006;
/** The relay speaks once a second, and answers pings. One that is silent for so long is not there any more, whatever TCP says. */
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
    // A close follows, with all that browsers tell.
    this.#socket.addEventListener('error', () => {});
  }

  /** @returns whether it was sent; what is said before it is open, or after its end, is not. */
  send(message: object): boolean {
    if (this.#ended || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends it without waiting for the other side; nothing of it is heard afterwards. */
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

/**
 * The address to connect to: `http` becomes `ws`; a relative one is relative to the page.
 * @throws SrvidError SRVID_OPTION_INVALID
 */
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
