import { SrvidError } from '../../errors.js';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import type { RelayStream } from '../stream/stream.js';
import type { Asset } from './assets.js';
import { isLoopback } from './origin.js';
import type { Tokens } from './tokens.js';

/** A relay's place within another program's server. */
export interface Mount {
  /** "/live", or "" for all paths. */
  readonly path: string;
  /** That server decides who may come: whom it lets through may view without a token. */
  readonly trusted: boolean;
}

/** Options of the HTTP and WebSocket server. */
export interface RelayServerOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly streams: readonly RelayStream[];
  /** Known tokens. Without any, everybody who reaches the relay may view, and nobody may write. */
  readonly tokens?: Tokens | undefined;
  /** Origins of pages, besides the relay's own, that may connect. */
  readonly allowOrigins?: readonly string[];
  /** The files of the page, by URL path. Served to anyone, since they hold no secrets. */
  readonly assets?: ReadonlyMap<string, Asset>;
  /** Answers within another server, and listens at no port itself. */
  readonly mount?: Mount | undefined;
  /** Called with each request, and with the beginning and end of each session. */
  readonly log?: ((entry: Readonly<Record<string, unknown>>) => void) | undefined;
  readonly limits?: Partial<RelayLimits>;
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * Refuses to listen where other machines would reach the relay without a token. Within another server, that server decides.
 * @throws SRVID_LISTEN_REFUSED
 */
export function assertProtected({ host, tokens, mount }: RelayServerOptions): void {
  if (tokens || mount || isLoopback(host)) return;
  throw new SrvidError(
    'SRVID_LISTEN_REFUSED',
    `Tried to listen at ${host}, where other machines reach the relay, without tokens. Give --token-file, or listen at 127.0.0.1.`,
    { host },
  );
}
