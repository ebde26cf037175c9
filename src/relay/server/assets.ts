import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer } from './answer.js';

/** A file of the relay's page. */
export interface Asset {
  /** The value of Content-Type, such as "text/html; charset=utf-8". */
  readonly type: string;
  readonly body: Buffer;
}

interface Prepared extends Asset {
  readonly etag: string;
  /** Undefined where compressing would not make it smaller. */
  readonly gzipped: Buffer | undefined;
}

/** The files of the page, ready to be served: each with an ETag, and compressed. */
export class Assets {
  readonly #files: ReadonlyMap<string, Prepared>;

  /** @param files by URL path */
  constructor(files: ReadonlyMap<string, Asset>) {
    this.#files = new Map([...files].map(([path, file]) => [path, prepared(file)]));
  }

  /** The response for a path, or undefined if there is no such file. A browser asks each time, and gets 304 for what it has (RFC 9110 §13.1.2). */
  answer(path: string, headers: IncomingHttpHeaders): Answer | undefined {
    const file = this.#files.get(path);
    if (!file) return undefined;
    const common = { ETag: file.etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' };
    if (names(headers['if-none-match'] ?? '', file.etag)) return { status: 304, headers: common, body: '' };
    const type = { ...common, 'Content-Type': file.type };
    if (!file.gzipped || !takesGzip(headers['accept-encoding'])) return { status: 200, headers: type, body: file.body };
    return { status: 200, headers: { ...type, 'Content-Encoding': 'gzip' }, body: file.gzipped };
  }
}

/** The ETag is a weak one, since it stands for the file both plain and compressed. */
function prepared({ type, body }: Asset): Prepared {
  const etag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const gzipped = gzipSync(body, { level: 9 });
  return { type, body, etag, gzipped: gzipped.length < body.length ? gzipped : undefined };
}

function names(condition: string, etag: string): boolean {
  return condition.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''));
}

function takesGzip(accepted: string | string[] | undefined): boolean {
  const coding = String(accepted ?? '')
    .split(',')
    .map((part) =>
      part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*q=/),
    )
    .find(([name]) => name === 'gzip' || name === '*');
  return coding !== undefined && Number(coding[1] ?? 1) > 0;
}
