import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Asset } from './assets.js';

/** The folders of dist/ that the browser may load. Each is served under its own path, so that imports between modules work. */
const BUILT = new URL('../../', import.meta.url);
const FOLDERS = ['client', 'relay/page', 'relay/page/styles'];
const FILES = ['errors.js'];
const INDEX = '/relay/page/index.html';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the page's files into memory, by URL path. `/` is index.html. A request is looked up in this map, never on disk. */
export async function loadPage(): Promise<ReadonlyMap<string, Asset>> {
  const inFolders = await Promise.all(FOLDERS.map(async (folder) => (await readdir(new URL(`${folder}/`, BUILT))).map((name) => `${folder}/${name}`)));
  const paths = [...FILES, ...inFolders.flat()].filter((path) => extname(path) in TYPES);
  const files = await Promise.all(paths.map(async (path): Promise<[string, Asset]> => [`/${path}`, await readAsset(path)]));
  const page = new Map(files);
  const index = page.get(INDEX);
  if (index) page.set('/', index);
  return page;
}

async function readAsset(path: string): Promise<Asset> {
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', body: await readFile(new URL(path, BUILT)) };
}
