import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FFMPEG, run } from './tools.mjs';

/** The clip to measure on: the source at 640x360, repeated to a number of frames, so that start-up does not count. */
export async function prepareClip(source, folder, frames) {
  const input = source instanceof URL ? await firstClip(fileURLToPath(source)) : source;
  const path = join(folder, 'clip.mp4');
  const filters = `scale=640:360:flags=area:force_original_aspect_ratio=increase,crop=640:360,format=yuv420p`;
  await run(FFMPEG, [
    '-nostdin',
    '-v',
    'error',
    '-stream_loop',
    '-1',
    '-i',
    input,
    '-an',
    '-vf',
    filters,
    '-frames:v',
    String(frames),
    '-c:v',
    'libx264',
    '-crf',
    '20',
    path,
  ]);
  const luma = await run(FFMPEG, ['-nostdin', '-v', 'error', '-i', path, '-frames:v', '1', '-pix_fmt', 'gray', '-f', 'rawvideo', '-'], {
    encoding: 'buffer',
    maxBuffer: 1 << 26,
  });
  return { name: basename(input), path, frames, luma: new Uint8Array(luma.stdout) };
}

async function firstClip(folder) {
  const clip = (await readdir(folder)).find((name) => name.endsWith('.mp4'));
  if (!clip) throw new Error(`No .mp4 in ${folder}; name a clip: npm run bench -- CLIP`);
  return join(folder, clip);
}
