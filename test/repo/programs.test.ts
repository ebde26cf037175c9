import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);
const BY_NAME = /\b(?:execFile|execFileSync|spawn|spawnSync|run)\)?\(\s*['"`]ff(?:mpeg|probe)\b/;

test.each(['src', 'bench', 'scripts', 'test'])(
  'whatever in %s starts ffmpeg or ffprobe takes the version that FFMPEG_PATH and FFPROBE_PATH name',
  async (folder) => {
    const at = new URL(`${folder}/`, ROOT);
    const paths = (await readdir(at, { recursive: true })).filter((path) => /\.(ts|mjs|js)$/.test(path));
    expect(paths.length).toBeGreaterThan(0);
    const texts = await Promise.all(paths.map(async (path) => ({ path, text: await readFile(new URL(path, at), 'utf8') })));
    expect(texts.filter(({ text }) => BY_NAME.test(text)).map(({ path }) => path)).toEqual([]);
  },
);
