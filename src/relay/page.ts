import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file of the page, as it is served. */
export interface PageFile {
  /** Its `Content-Type`. */
  readonly type: string;
  readonly body: Buffer;
}

/**
 * The page's `Content-Security-Policy`: nothing but what comes from the relay itself, no inline script or style. The player's
 * MediaSource has a blob: address.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  'media-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** Where dist/ begins, and what of it the browser is given, under its own path, so that imports between the modules hold. */
const BUILT = new URL('../', import.meta.url);
const FOLDERS = ['client', 'relay/page'];
const FILES = ['errors.js'];
const INDEX = '/relay/page/index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the page, once: a path that is asked for is looked up here, never on the disk. `/` is the page itself. */
export async function loadPage(): Promise<ReadonlyMap<string, PageFile>> {
  const inFolders = await Promise.all(FOLDERS.map(async (folder) => (await readdir(new URL(`${folder}/`, BUILT))).map((name) => `${folder}/${name}`)));
  const paths = [...FILES, ...inFolders.flat()].filter((path) => extname(path) in TYPES);
  const files = await Promise.all(paths.map(async (path): Promise<[string, PageFile]> => [`/${path}`, await readPageFile(path)]));
  const page = new Map(files);
  const index = page.get(INDEX);
  if (index) page.set('/', index);
  return page;
}

async function readPageFile(path: string): Promise<PageFile> {
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', body: await readFile(new URL(path, BUILT)) };
}
