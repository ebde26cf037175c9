import type { IncomingMessage } from 'node:http';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { type Answer, refusal } from './answer.js';
import type { OriginPolicy } from './origin.js';
import { AddressRates } from './rate.js';
import { type Scope, type Tokens, tokenOf } from './tokens.js';

/** Options of the gate. `limits` bounds the requests of one address. */
export interface GateOptions {
  /** Known tokens. Without any, everybody may view and nobody may write. */
  readonly tokens: Tokens | undefined;
  readonly origins: OriginPolicy;
  readonly limits: Pick<RelayLimits, 'attemptBurst' | 'attemptsPerSecond'>;
  readonly clock: Pick<Clock, 'now'>;
}

const TOO_MANY = refusal(429, 'Too many requests from this address; wait a little.', { 'Retry-After': '10' });
const NO_TOKEN = refusal(401, 'A token is needed: Authorization: Bearer TOKEN, or ?token=TOKEN.', { 'WWW-Authenticate': 'Bearer' });
const VIEW_ONLY = refusal(403, 'A token that may write is needed.');

/** Decides whether a request is allowed, before any other work is done for it. */
export class Gate {
  readonly #rates: AddressRates;
  readonly #refusals = new Map<number, number>();

  constructor(private readonly options: GateOptions) {
    const { limits, clock } = options;
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
    return objection === undefined ? undefined : refusal(403, `Refused: ${objection}.`);
  }

  /** The scope of the request's token. Undefined if it has none, or an unknown one. */
  scopeOf(request: IncomingMessage, url: URL): Scope | undefined {
    const { tokens } = this.options;
    if (!tokens) return 'view';
    const token = tokenOf(request, url);
    return token === undefined ? undefined : tokens.scopeOf(token);
  }

  /** The refusal if `scope` does not include `needed`, else undefined. */
  denial(scope: Scope | undefined, needed: Scope): Answer | undefined {
    if (scope === undefined) return NO_TOKEN;
    return needed === 'write' && scope !== 'write' ? VIEW_ONLY : undefined;
  }

  /** Counts an answer that was a refusal. */
  count({ status }: Answer): void {
    this.#refusals.set(status, (this.#refusals.get(status) ?? 0) + 1);
  }
}
