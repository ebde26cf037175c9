import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type InputFrame, upscale } from '../../dist/index.js';
import { ffmpeg, lavfi, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const input = join(folder, 'noise.mp4');
const FRAMES = 50;
// Noise, so that much is still to come when the pause begins.
await ffmpeg(...lavfi('nullsrc=s=320x240:r=25:d=2,noise=alls=100:allf=t'), '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', '-movflags', '+faststart', input);
// ffmpeg counts as hung after this time, and each pause is longer.
const options = { preset: 'bicubic', scale: 2, workers: 1, stallTimeoutMs: 4000 };
const PAUSE_MS = 6000;

test.concurrent('a program that takes its time with a frame is waited for', async () => {
  let count = 0;
  for await (const _ of upscale(input, options)) if (++count === 3) await delay(PAUSE_MS);
  expect(count).toBe(FRAMES);
});

test.concurrent('a stream that takes nothing for a while is waited for', async () => {
  const target = new PassThrough({ highWaterMark: 100 });
  const run = upscale(input, options).toStream(target, { format: 'matroska' });
  const [{ framesOut }] = await Promise.all([run, delay(PAUSE_MS).then(() => target.resume())]);
  expect(framesOut).toBe(FRAMES);
});

test.concurrent('bytes that are long in coming are waited for', async () => {
  const bytes = await readFile(input);
  async function* halves() {
    yield bytes.subarray(0, bytes.length >> 1);
    await delay(PAUSE_MS);
    yield bytes.subarray(bytes.length >> 1);
  }
  let count = 0;
  for await (const _ of upscale(halves(), options)) count++;
  expect(count).toBe(FRAMES);
});

test.concurrent('frames that are long in coming are waited for, and so is the encoder that gets none', async () => {
  const frame: InputFrame = { format: 'gray', width: 16, height: 16, data: new Uint8Array(256), pts: 0, timeBase: { num: 1, den: 25 } };
  async function* two() {
    yield frame;
    await delay(PAUSE_MS);
    yield { ...frame, pts: 1 };
  }
  expect((await upscale(two(), options).toFile(join(folder, 'two.mkv'))).framesOut).toBe(2);
});
