import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { SrvidError } from '../../errors.js';

/** Whether a host, as a name or an address, is this machine alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIPv4(bare) ? bare.startsWith('127.') : bare === '::1' || bare === 'localhost' || bare.endsWith('.localhost');
}

/**
 * Which web pages may speak to the relay. A browser says in `Origin` whose page it is, and lets any page open a WebSocket
 * to anywhere, this machine included: without this check every page that a user visits could watch.
 */
export class OriginPolicy {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #loopbackOnly: boolean;

  /**
   * `allowed`: origins besides the relay's own pages. `loopbackOnly`: the relay is for this machine and asks for no token;
   * then it answers to its own names alone, since a foreign page can have its name lead to 127.0.0.1 (DNS rebinding) and
   * would be a page of the relay's own host.
   * @throws SRVID_ORIGIN_INVALID
   */
  constructor({ allowed, loopbackOnly }: { readonly allowed: readonly string[]; readonly loopbackOnly: boolean }) {
    this.#origins = new Set(allowed.map(checked));
    this.#hosts = new Set(allowed.map((origin) => new URL(origin).host));
    this.#loopbackOnly = loopbackOnly;
  }

  /** What stands in the way of a request, or undefined. */
  objection({ host = '', origin }: Pick<IncomingHttpHeaders, 'host' | 'origin'>): string | undefined {
    const name = host.replace(/:\d+$/, '');
    if (this.#loopbackOnly && !isLoopback(name) && !this.#hosts.has(host)) return 'this relay does not answer to that host name';
    if (origin === undefined || this.#origins.has(origin)) return undefined;
    return URL.canParse(origin) && new URL(origin).host === host.toLowerCase() ? undefined : 'pages of this origin may not speak to this relay';
  }
}

function checked(origin: string): string {
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    throw new SrvidError('SRVID_ORIGIN_INVALID', `Expected an origin to allow such as https://example.org, but received "${origin}".`, { origin });
  return origin;
}
