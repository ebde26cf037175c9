import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';

/** `write` includes `view`. */
export type Scope = 'view' | 'write';

const MIN_LENGTH = 16;
const MAX_BYTES = 1 << 20;

/** Who may do what, by the token that a request carries. Tokens are held as hashes alone. */
export class Tokens {
  constructor(private readonly entries: readonly { readonly hash: Buffer; readonly scope: Scope }[]) {}

  /**
   * One token a line, `TOKEN view` or `TOKEN write`; empty lines and those that begin with # are left out.
   * @throws SRVID_TOKENS_INVALID naming the line, never what stands in it
   */
  static parse(text: string, source: string): Tokens {
    const entries = text.split(/\r?\n/).flatMap((line, index) => {
      if (/^\s*(#|$)/.test(line)) return [];
      const [token = '', scope, ...rest] = line.trim().split(/\s+/);
      if (token.length < MIN_LENGTH) throw invalid(source, `line ${index + 1} has a token of ${token.length} characters; ${MIN_LENGTH} are the least`);
      if ((scope !== 'view' && scope !== 'write') || rest.length > 0) throw invalid(source, `line ${index + 1} is not "TOKEN view" or "TOKEN write"`);
      return [{ hash: hashOf(token), scope } as const];
    });
    if (entries.length === 0) throw invalid(source, 'it holds none');
    return new Tokens(entries);
  }

  /** @throws SRVID_TOKENS_INVALID */
  static async read(path: string): Promise<Tokens> {
    const text = await readBounded(path, MAX_BYTES).then(String, (error: unknown) => {
      throw invalid(path, messageOf(error));
    });
    return Tokens.parse(text, path);
  }

  /** In a time that tells nothing of the tokens: hashes of one length are compared, each whole, and all of them. */
  scopeOf(token: string): Scope | undefined {
    const hash = hashOf(token);
    let found: Scope | undefined;
    for (const entry of this.entries) {
      const equal = timingSafeEqual(entry.hash, hash);
      if (equal && found !== 'write') found = entry.scope;
    }
    return found;
  }
}

/** The token of `Authorization: Bearer TOKEN`, else of `?token=TOKEN`. */
export function tokenOf({ headers }: Pick<IncomingMessage, 'headers'>, url: URL): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  return bearer ?? url.searchParams.get('token') ?? undefined;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function invalid(source: string, found: string): SrvidError {
  return new SrvidError('SRVID_TOKENS_INVALID', `Tried to read tokens from ${source}, but ${found}. Write one a line: TOKEN view, or TOKEN write.`, { source });
}
