import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { srvid } from '../helpers/command.js';
import { folderWithClip, frameHashes } from '../helpers/media.js';

const TOLD = new URL('../fixtures/programs/told-processes.mjs', import.meta.url).href;
const { folder, clip } = await folderWithClip('clip.mp4', 'testsrc2=s=64x48:r=25:d=0.2');
const cache = join(folder, 'cache');

/** The programs that a run starts, in order, and the hashes of its frames. */
async function run(output: string, ...options: string[]): Promise<{ started: string[]; frames: string[] }> {
  const told = join(folder, 'told.txt');
  await rm(told, { force: true });
  const env = { NODE_OPTIONS: `--import ${TOLD}`, TOLD_PROCESSES: told, XDG_CACHE_HOME: cache };
  const result = await srvid([clip, join(folder, output), '--preset', 'bicubic', '-y', ...options], { env });
  expect(result.code, result.stderr).toBe(0);
  return { started: (await readFile(told, 'utf8')).trim().split('\n'), frames: await frameHashes(join(folder, output)) };
}

test('what a build of ffmpeg says of itself, and what a sample showed, is asked once: later runs look, decode and encode', async () => {
  const first = await run('first.mp4');
  const kinds = (started: readonly string[]) => started.map((line) => line.replace(/^\S*\/(?=ff)/, '').split(' ', 1)[0]);
  expect(first.started.length).toBeGreaterThan(6);
  const second = await run('second.mp4');
  expect(kinds(second.started)).toEqual(['ffprobe', 'ffmpeg', 'ffmpeg']);
  expect(second.frames).toEqual(first.frames);
  // Other settings of the encoder are another sample: it is encoded, and read.
  const other = await run('other.mp4', '--crf', '30');
  expect(kinds(other.started).sort()).toEqual(['ffmpeg', 'ffmpeg', 'ffmpeg', 'ffprobe', 'ffprobe']);
});

test('a file of kept words that is damaged is no reason to fail', async () => {
  await writeFile(join(cache, 'srvid/ffmpeg.json'), '{"a":');
  expect((await run('third.mp4')).started.length).toBeGreaterThan(6);
});
