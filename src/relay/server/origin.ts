import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';
import { SrvidError } from '../../errors.js';

/** True if a host name or address is the loopback interface, so that no other machine can connect. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIPv4(bare) ? bare.startsWith('127.') : bare === '::1' || bare === 'localhost' || bare.endsWith('.localhost');
}

/**
 * Decides which web pages may connect to the relay. A browser lets any page open a WebSocket to any host, this machine
 * included, and names the page's origin in `Origin`. Without this check every page that a user visits could watch the
 * streams.
 */
export class OriginPolicy {
  readonly #origins: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #loopbackOnly: boolean;

  /**
   * `allowed`: origins besides the relay's own pages. `loopbackOnly`: the relay serves this machine only and asks for no
   * token. It then answers only to loopback names in `Host`: a foreign page can point its own name to 127.0.0.1 (DNS
   * rebinding), and would otherwise count as the relay's own.
   * @throws SRVID_ORIGIN_INVALID
   */
  constructor({ allowed, loopbackOnly }: { readonly allowed: readonly string[]; readonly loopbackOnly: boolean }) {
    this.#origins = new Set(allowed.map(checked));
    this.#hosts = new Set(allowed.map((origin) => new URL(origin).host));
    this.#loopbackOnly = loopbackOnly;
  }

  /** True for an origin, other than the relay's own, that was named as allowed. */
  allows(origin: string): boolean {
    return this.#origins.has(origin);
  }

  /** The reason to refuse a request, or undefined if it is allowed. */
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
