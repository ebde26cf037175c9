import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';

/** The rights of a token. `write` includes `view`. */
export type Scope = 'view' | 'write';

const MIN_LENGTH = 16;
const MAX_BYTES = 1 << 20;

/** The known tokens and their scopes. Only hashes of tokens are kept. */
export class Tokens {
  constructor(private readonly entries: readonly { readonly hash: Buffer; readonly scope: Scope }[]) {}

  /**
   * Parses one token a line, `TOKEN view` or `TOKEN write`. Empty lines and lines that begin with # are ignored.
   * @throws SRVID_TOKENS_INVALID The message gives the line number, never its content.
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

  /** Reads and parses a file of tokens. @throws SRVID_TOKENS_INVALID */
  static async read(path: string): Promise<Tokens> {
    const text = await readBounded(path, MAX_BYTES).then(String, (error: unknown) => {
      throw invalid(path, messageOf(error));
    });
    return Tokens.parse(text, path);
  }

  /**
   * The scope of a token, or undefined if it is unknown. Compares hashes of equal length, in full, against all tokens:
   * the time taken reveals nothing.
   */
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

/** The token in `Authorization: Bearer TOKEN`, else in `?token=TOKEN`. */
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
