import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { type Answer, refusal } from './answer.js';
import type { OriginPolicy } from './origin.js';
import { AddressRates } from './rate.js';
import { Access, type Tokens, tokenOf } from './tokens.js';

/** Options of the gate. `limits` bounds the requests of one address. */
export interface GateOptions {
  /** Known tokens. Without any, everybody may view and nobody may write. */
  readonly tokens: Tokens | undefined;
  readonly origins: OriginPolicy;
  readonly limits: Pick<RelayLimits, 'attemptBurst' | 'attemptsPerSecond'>;
  readonly clock: Pick<Clock, 'now'>;
}

const TOO_MANY = refusal(429, 'SRVID_RELAY_BUSY', 'Too many requests from this address. Wait a little.', { 'Retry-After': '10' });
const NO_TOKEN = refusal(401, 'SRVID_TOKEN_MISSING', 'A token is needed: Authorization: Bearer TOKEN, or ?token=TOKEN.', { 'WWW-Authenticate': 'Bearer' });
const UNKNOWN = refusal(403, 'SRVID_TOKEN_UNKNOWN', 'The relay does not know this token.');
const VIEW_ONLY = refusal(403, 'SRVID_NOT_PERMITTED', 'A token that may write here is needed.');

/** Decides whether a request is allowed, before any other work is done for it. */
export class Gate {
  readonly #rates: AddressRates;
  readonly #refusals = new Map<number, number>();
  #tokens: Tokens | undefined;

  constructor(private readonly options: GateOptions) {
    const { limits, clock, tokens } = options;
    this.#tokens = tokens;
    this.#rates = new AddressRates({ burst: limits.attemptBurst, perSecond: limits.attemptsPerSecond }, clock);
  }

  /** Number of refusals, by HTTP status. */
  get refusals(): ReadonlyMap<number, number> {
    return this.#refusals;
  }

  /** Checks the address's request rate and the `Origin`. Returns the refusal, or undefined if the request may go on. */
  objection({ socket, headers }: IncomingMessage): Answer | undefined {
    if (!this.#rates.take(socket.remoteAddress ?? '')) return TOO_MANY;
    const objection = this.options.origins.objection(headers);
    return objection === undefined ? undefined : refusal(403, 'SRVID_ORIGIN_REFUSED', `Refused: ${objection}.`);
  }

  /** The rights of a request's token, or the refusal where it has none or an unknown one. */
  accessOf(request: IncomingMessage, url: URL): Access | Answer {
    if (!this.#tokens) return Access.OPEN;
    const token = tokenOf(request, url);
    if (token === undefined || token === '') return NO_TOKEN;
    return this.#tokens.accessOf(token) ?? UNKNOWN;
  }

  /** The refusal if `access` does not include writing, to this stream or to any, else undefined. */
  writeDenial(access: Access, stream?: string): Answer | undefined {
    return access.may('write', stream) ? undefined : VIEW_ONLY;
  }

  /** Takes other tokens from now on. */
  useTokens(tokens: Tokens): void {
    this.#tokens = tokens;
  }

  /** The headers with which a page of an allowed origin may read an answer (Fetch standard, CORS). */
  sharing({ origin }: IncomingHttpHeaders): OutgoingHttpHeaders {
    return origin !== undefined && this.options.origins.allows(origin)
      ? { 'Access-Control-Allow-Origin': origin, 'Cross-Origin-Resource-Policy': 'cross-origin', Vary: 'Origin' }
      : {};
  }

  /** Counts an answer that was a refusal. */
  count({ status }: Answer): void {
    this.#refusals.set(status, (this.#refusals.get(status) ?? 0) + 1);
  }
}
