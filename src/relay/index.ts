// The package's entry "srvid/relay": a live relay within a program, with a server of its own or in the program's.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { InputRequest, ProcessingRequest } from '../options/requests.js';
import { checkName, parseStream } from './config.js';
import { type Relay, type RelayOptions, startRelay } from './relay.js';
import { loadPage } from './server/page.js';
import { Tokens } from './server/tokens.js';

/** One stream of a relay: its source, and what is done to its frames. */
export interface RelayStreamOptions
  extends Pick<InputRequest, 'inputFormat' | 'deinterlace' | 'allowReferences' | 'maxPixels' | 'stallTimeoutMs'>,
    Omit<ProcessingRequest, 'realtime' | 'retune' | 'taskTimeoutMs'> {
  /** A URL (rtsp, rtmp, srt, http, udp ...), a capture device ("v4l2:/dev/video0"), a file, or "push" for what a client sends. */
  readonly input: string;
  /** Begin a file anew when it ends. Default: false. */
  readonly loop?: boolean | undefined;
  /** Run only while somebody watches. Default: false. */
  readonly onDemand?: boolean | undefined;
  /** Bits a second of the super-resolved rendition, at most: 8000000, "8M", "800k". Default: 8M. */
  readonly bitrate?: number | string | undefined;
  /** File that the super-resolved rendition is written to as well. */
  readonly record?: string | undefined;
  /** Milliseconds without data after which the source counts as gone. Default: 15000. */
  readonly silenceMs?: number | undefined;
}

/** A token, and what who has it may do: `write` includes `view`. */
export interface RelayToken {
  /** 16 characters at least, without spaces. */
  readonly token: string;
  readonly scope: 'view' | 'write';
  /** Names of the streams that it is for; all where not given. */
  readonly streams?: readonly string[] | undefined;
}

/** Options of a relay, whichever server it is in. */
export interface RelayRequest {
  /** The streams by their names, which become part of their addresses: letters, digits, _ and -. */
  readonly streams: Readonly<Record<string, RelayStreamOptions>>;
  /** Who may connect. Without tokens only this machine may, and only to view. */
  readonly tokens?: readonly RelayToken[] | undefined;
  /** Origins of pages, besides the relay's own, that may connect: "https://example.org". */
  readonly allowOrigins?: readonly string[] | undefined;
  /** Most viewers at once. Default: 100. */
  readonly maxViewers?: number | undefined;
  /** Most viewers of one address. Default: half of `maxViewers`, or 4. */
  readonly maxViewersPerAddress?: number | undefined;
  /** Called with messages for the operator, one sentence each. */
  readonly onMessage?: ((message: string) => void) | undefined;
  /** Called with each request, and with the beginning and end of each session. */
  readonly onRequest?: ((entry: Readonly<Record<string, unknown>>) => void) | undefined;
}

/** Options of a relay with a server of its own. */
export interface ServeOptions extends RelayRequest {
  /** Host name or address to listen at. Default: 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 picks a free port. Default: 8787. */
  readonly port?: number | undefined;
}

/** Options of a relay within another server. */
export interface MountOptions extends RelayRequest {
  /** Path below which the relay answers, such as "/live"; "/" for all. */
  readonly path: string;
  /** The server around it decides who may come: everybody whom it lets through may view without a token. Default: false. */
  readonly trustServer?: boolean | undefined;
}

/** A relay that runs. */
export interface RunningRelay {
  /** Resolves when every stream has ended for good. Rejects with the error of the first that had to. */
  readonly ended: Promise<void>;
  /** The figures of the server and of each stream: the body of /stats (docs/relay.md). */
  stats(): Readonly<Record<string, unknown>>;
  /** The state of each stream, and whether all are well: the body of /health. */
  health(): { readonly ok: boolean; readonly streams: Readonly<Record<string, string>> };
  /** Takes other tokens from now on. Who is there by one that is no longer known is closed. @throws SRVID_TOKENS_INVALID */
  useTokens(tokens: readonly RelayToken[]): void;
  /** Closes all connections, stops the streams and finishes the recordings. */
  close(): Promise<void>;
}

/** A relay with a server of its own. */
export interface ServedRelay extends RunningRelay {
  readonly host: string;
  /** The actual port, also where 0 was given. */
  readonly port: number;
  /** Address of the page, "http://127.0.0.1:8787/". */
  readonly url: string;
}

/** A relay within another server, which hands requests to it. */
export interface MountedRelay extends RunningRelay {
  /**
   * Answers a request below the path; one for anything else is left to `next`, or left alone. Use it as the listener of
   * 'request', or as a handler of Express: `app.use(relay.handle)`.
   * @returns true where it has answered
   */
  readonly handle: (request: IncomingMessage, response: ServerResponse, next?: () => void) => boolean;
  /**
   * Takes the socket of a WebSocket below the path; any other is left alone. Use it as a listener of 'upgrade'.
   * @returns true where it has taken it
   */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
}

/**
 * Starts a relay with a server of its own (docs/relay.md).
 * @throws SrvidError with the codes of streams and relays, before anything runs
 */
export async function serveRelay({ host = '127.0.0.1', port = 8787, ...request }: ServeOptions): Promise<ServedRelay> {
  const relay = await startRelay({ ...(await optionsOf(request)), host, port });
  const shown = relay.host.includes(':') ? `[${relay.host}]` : relay.host;
  return { ...running(relay), host: relay.host, port: relay.port, url: `http://${shown}:${relay.port}/` };
}

/**
 * Starts a relay that answers within the program's own HTTP server, below a path.
 * @throws SrvidError with the codes of streams and relays, before anything runs
 */
export async function mountRelay({ path, trustServer = false, ...request }: MountOptions): Promise<MountedRelay> {
  const mount = { path: `/${path}`.replaceAll(/\/+/g, '/').replace(/\/$/, ''), trusted: trustServer };
  const relay = await startRelay({ ...(await optionsOf(request)), host: 'localhost', port: 0, mount });
  const { mounted } = relay;
  if (!mounted) throw new Error('mountRelay: the relay has a server of its own');
  return {
    ...running(relay),
    handle(request, response, next) {
      const isTaken = mounted.request(request, response);
      if (!isTaken) next?.();
      return isTaken;
    },
    upgrade: (request, socket, head) => mounted.upgrade(request, socket, head),
  };
}

async function optionsOf({ streams, tokens, allowOrigins = [], maxViewers, maxViewersPerAddress, onMessage, onRequest }: RelayRequest) {
  const parsed = Object.entries(streams).map(([name, stream]) => {
    checkName(name);
    return [name, parseStream({ ...stream })] as const;
  });
  const options = {
    ...{ streams: Object.fromEntries(parsed), tokens: tokens && tokensOf(tokens), allowOrigins, maxViewers, maxViewersPerAddress },
    ...{ log: onRequest, tell: onMessage ?? (() => {}), assets: await loadPage() },
  };
  return options satisfies Omit<RelayOptions, 'host' | 'port'>;
}

function running({ ended, stats, health, useTokens, close }: Relay): RunningRelay {
  return { ended, stats, health, close, useTokens: (tokens) => useTokens(tokensOf(tokens)) };
}

function tokensOf(tokens: readonly RelayToken[]): Tokens {
  const lines = tokens.map(({ token, scope, streams }) => [token, scope, ...(streams ? [streams.join(',')] : [])].join(' '));
  return Tokens.parse(lines.join('\n'), 'the option tokens');
}
