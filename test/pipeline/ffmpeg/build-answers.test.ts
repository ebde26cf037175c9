import { copyFile, readFile, realpath, utimes, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { answerOf, keep, recall } from '../../../dist/pipeline/ffmpeg/build-answers.js';
import { fakeProgram } from '../../helpers/fake-program.js';
import { temporaryFolder } from '../../helpers/media.js';
import { FFPROBE } from '../../helpers/programs.js';

const folder = await temporaryFolder();
const program = join(folder, 'ffprobe');
const kept = join(folder, 'cache/srvid/ffmpeg.json');
await copyFile(await pathOf(FFPROBE), program);

beforeEach(() => {
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  return () => vi.unstubAllEnvs();
});

async function pathOf(name: string): Promise<string> {
  const places = name.includes('/') ? [name] : (process.env['PATH'] ?? '').split(delimiter).map((place) => join(place, name));
  for (const place of places) {
    const path = await realpath(place).catch(() => undefined);
    if (path) return path;
  }
  throw new Error(`no ${name}`);
}

/** Puts other words in place of all that were kept, so that they are known again. */
async function mark(): Promise<void> {
  const values = JSON.parse(await readFile(kept, 'utf8')) as Record<string, unknown>;
  await writeFile(kept, JSON.stringify(Object.fromEntries(Object.keys(values).map((name) => [name, 'kept words']))));
}

test('a program is asked once, and again when it is another one or finds other libraries', async () => {
  const ask = () => answerOf(program, ['-version']);
  expect(await ask()).toContain('ffprobe version');
  await mark();
  expect(await ask()).toBe('kept words');
  vi.stubEnv('LD_LIBRARY_PATH', join(folder, 'libraries'));
  expect(await ask()).toContain('ffprobe version');
  vi.stubEnv('LD_LIBRARY_PATH', undefined);
  await utimes(program, new Date(1e9), new Date(1e9));
  expect(await ask()).toContain('ffprobe version');
});

test('a script may start another program tomorrow, so it is asked each time', async () => {
  const said = join(folder, 'said.txt');
  const script = await fakeProgram(folder, 'ffmpeg', `process.stdout.write(require('node:fs').readFileSync(${JSON.stringify(said)}));`);
  for (const words of ['one', 'two']) {
    await writeFile(said, words);
    expect(await answerOf(script, ['-version'])).toBe(words);
  }
});

test('a program that is not there has nothing kept about it', async () => {
  await keep(['/nowhere/ffmpeg'], 'a fact', 1);
  expect(await recall(['/nowhere/ffmpeg'], 'a fact')).toBeUndefined();
  await expect(answerOf('/nowhere/ffmpeg', ['-version'])).rejects.toThrow('ENOENT');
});
