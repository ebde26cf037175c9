import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readBounded } from '../../bounded-file.js';
import { messageOf, SrvidError } from '../../errors.js';
import { STREAM_NAME } from '../stream/stream.js';

/** What a right allows. `write` includes `view`. */
export type Scope = 'view' | 'write';

const MIN_LENGTH = 16;
const MAX_BYTES = 1 << 20;

/** One right of a token: what it may do, and with which streams; undefined means all of them. */
export interface Right {
  readonly scope: Scope;
  readonly streams?: ReadonlySet<string> | undefined;
}

/** The rights of whoever made a request. */
export class Access {
  /** Where there are no tokens: everybody who reaches the relay may view, and nobody may write. */
  static readonly OPEN = new Access([{ scope: 'view' }]);

  /** @param hash the token's, in hexadecimal */
  constructor(
    private readonly rights: readonly Right[],
    readonly hash?: string,
  ) {}

  /** True if one of the rights is enough for this stream. Without a stream: for any. */
  may(scope: Scope, stream?: string): boolean {
    return this.rights.some((right) => (scope === 'view' || right.scope === 'write') && (stream === undefined || !right.streams || right.streams.has(stream)));
  }
}

interface Entry extends Right {
  readonly hash: Buffer;
}

/** The known tokens and their rights. Only hashes of tokens are kept. */
export class Tokens {
  constructor(private readonly entries: readonly Entry[]) {}

  /**
   * Parses one token a line, `TOKEN view` or `TOKEN write`, with the names of streams after it (`door,stage`) if it counts
   * for these only. Empty lines and lines that begin with # are ignored.
   * @throws SRVID_TOKENS_INVALID The message gives the line number, never its content.
   */
  static parse(text: string, source: string): Tokens {
    const entries = text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .flatMap((line, index) => {
        if (/^\s*(#|$)/.test(line)) return [];
        const [token = '', scope, names, ...rest] = line.trim().split(/\s+/);
        if (token.length < MIN_LENGTH) throw invalid(source, `line ${index + 1} has a token of ${token.length} characters; ${MIN_LENGTH} are the least`);
        if ((scope !== 'view' && scope !== 'write') || rest.length > 0) throw invalid(source, `line ${index + 1} is not "TOKEN view" or "TOKEN write"`);
        const streams = names?.split(',');
        if (streams?.some((name) => !STREAM_NAME.test(name)))
          throw invalid(source, `line ${index + 1} has something after its scope that is not the names of streams, such as door,stage`);
        return [{ hash: hashOf(token), scope, streams: streams && new Set(streams) } as const];
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
   * The rights of a token, or undefined if it is unknown. Compares hashes of equal length, in full, against all tokens:
   * the time taken reveals nothing.
   */
  accessOf(token: string): Access | undefined {
    const hash = hashOf(token);
    const found = this.entries.filter((entry) => timingSafeEqual(entry.hash, hash));
    return found.length > 0 ? new Access(found, hash.toString('hex')) : undefined;
  }

  /** The rights that a token has here which was known before. Undefined if it is no longer known. */
  renewed({ hash }: Access): Access | undefined {
    const found = this.entries.filter((entry) => entry.hash.toString('hex') === hash);
    return found.length > 0 ? new Access(found, hash) : undefined;
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
  return new SrvidError(
    'SRVID_TOKENS_INVALID',
    `Tried to read tokens from ${source}, but ${found}. Write one a line: TOKEN view, or TOKEN write, and the names of streams if it counts for these only.`,
    { source },
  );
}
