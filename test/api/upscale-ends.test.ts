import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { type InputFrame, upscale } from '../../dist/index.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { all, cheap, grays } from '../helpers/upscaled.js';

const film = join(await temporaryFolder(), 'in.mkv');
const FRAMES = 12;
await ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${FRAMES / 25}`, '-c:v', 'ffv1', film);

/** Processes that this one has started and that still run. */
function children(): string[] {
  const listed = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return listed.split('\n').filter((line) => /ffmpeg|ffprobe/.test(line));
}

test('leaving the loop ends everything within a second, and leaves no process', async () => {
  const before = children();
  let isClosed = false;
  function* closing() {
    try {
      yield* grays(5000);
    } finally {
      isClosed = true;
    }
  }
  const stream = createReadStream(film, { highWaterMark: 999 });
  for (const source of [film, closing(), stream]) {
    let leftAt = 0;
    for await (const _ of upscale(source, cheap)) {
      leftAt = performance.now();
      break;
    }
    expect(performance.now() - leftAt).toBeLessThan(1000);
  }
  expect([children(), isClosed, stream.destroyed]).toEqual([before, true, true]);
});

test('a signal ends a run before, at and after its first frame, with its own reason as the cause', async () => {
  const reason = new Error('the user closed the page');
  const early = await failureOf(() => all(film, { signal: AbortSignal.abort(reason) }));
  expect([early.code, early.cause]).toEqual(['SRVID_INTERRUPTED', reason]);
  for (const stopAt of [0, 3]) {
    const control = new AbortController();
    const late = await failureOf(async () => {
      let count = 0;
      if (stopAt === 0) setTimeout(() => control.abort(reason), 20);
      for await (const _ of upscale(grays(5000), { ...cheap, signal: control.signal })) if (++count === stopAt) control.abort(reason);
    });
    expect([late.code, late.cause]).toEqual(['SRVID_INTERRUPTED', reason]);
  }
  const silent = new PassThrough();
  const waiting = await failureOf(() => all(silent, { signal: AbortSignal.timeout(50) }));
  expect(waiting.code).toBe('SRVID_INTERRUPTED');
  expect(silent.destroyed).toBe(true);
  await expect.poll(children, { timeout: 10_000 }).toEqual([]);
});

test('two runs at once in one process do not disturb each other', async () => {
  const [one, other] = await Promise.all([all(grays(60)), all(film, { workers: 1 })]);
  expect([one.length, other.length]).toEqual([60, FRAMES]);
});

test('memory stays flat over 5,000 frames, in and out', async () => {
  const memory: number[] = [];
  let count = 0;
  for await (const _ of upscale(smallFrames(5000), cheap)) {
    if (++count % 1000 === 0) memory.push(process.memoryUsage().rss / 2 ** 20);
  }
  expect(count).toBe(5000);
  expect((memory.at(-1) as number) - (memory[1] as number)).toBeLessThan(40);
});

/** Frames that would take 92 MB, and their results, if they were kept. */
function* smallFrames(count: number): Generator<InputFrame> {
  for (let pts = 0; pts < count; pts++)
    yield { format: 'yuv420p', width: 64, height: 48, data: new Uint8Array(4608).fill(pts % 200), pts, timeBase: { num: 1, den: 25 } };
}
