import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../bench/free-port.mjs';
import { startRedis } from '../../bench/redis-server.mjs';
import { packageVersion } from '../../dist/index.js';
import type { ScheduleHooks, SegmentEvent, SegmentJob } from '../../dist/jobs/scheduler.js';
import { QueueScheduler } from '../../dist/queue/queue-scheduler.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';
import { startS3 } from '../helpers/s3.js';

const WORKER = fileURLToPath(new URL('../fixtures/queue-worker.mjs', import.meta.url));
const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const source = at('source.mkv');
let redis: Awaited<ReturnType<typeof startRedis>>;
let counted = 0;
const workers: ChildProcess[] = [];
/** Each making of a piece, "made WHOLE INDEX". */
const makings: string[] = [];

beforeAll(async () => {
  redis = await startRedis(at('redis'));
  await mkdir(at('share'));
  await writeFile(source, 'the source');
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    const ended = once(worker, 'exit');
    if (worker.exitCode === null && worker.signalCode === null) {
      worker.kill('SIGKILL');
      await ended;
    }
  }
});
afterAll(() => redis.stop());

/** Segments of a video of its own. */
async function jobsOf(count: number, options: Record<string, unknown> = {}): Promise<SegmentJob[]> {
  const whole = (++counted).toString(16).padStart(16, '0');
  const { size: bytes, mtimeMs } = await stat(source);
  return Array.from({ length: count }, (_, index) => ({
    ...{ v: 1, whole, index, count, piece: `${String(index).padStart(4, '0')}.nut`, frames: 1 },
    source: { path: source, bytes, changedMs: Math.floor(mtimeMs), sha256: '0'.repeat(64) },
    options: { input: source, output: at('out.mkv'), ...options },
    span: { from: null, to: null, timeBase: { num: 1, den: 25 } },
  })) as SegmentJob[];
}

/** Starts a worker process, and waits until it serves the queue. */
async function work(share = at('share'), env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const own = at(`worker-${++counted}`);
  await mkdir(own);
  const child = spawn(process.execPath, [WORKER, redis.url, share, own, 'of tests'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  workers.push(child);
  await new Promise<void>((ready) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      for (const line of String(chunk).split('\n'))
        if (line === 'ready') ready();
        else if (line !== '') makings.push(line);
    });
  });
  return child;
}

async function scheduler(pieces: string, share = at('share')): Promise<QueueScheduler> {
  await mkdir(at(pieces), { recursive: true });
  return QueueScheduler.open({ queue: redis.url, ffmpeg: 'of tests', share, pieces: at(pieces), retry: { attempts: 3, firstDelayMs: 20 }, checkMs: 500 });
}

/** Has jobs made. @returns the indices of those that were told to be done */
async function run(queue: QueueScheduler, jobs: readonly SegmentJob[], hooks: Partial<ScheduleHooks> & { on?: (event: SegmentEvent) => unknown } = {}) {
  const done: number[] = [];
  const onEvent = async (event: SegmentEvent) => {
    if (event.type === 'done') done.push(event.job.index);
    await hooks.on?.(event);
  };
  await queue.run(jobs, { signal: hooks.signal ?? new AbortController().signal, onEvent, ...(hooks.priority ? { priority: hooks.priority } : {}) });
  return done;
}

test('500 segments are done once each, though a worker is killed, Redis is killed and started again, and Redis forgets all', async () => {
  const [victim] = await Promise.all([work(), work(), work()]);
  const queue = await scheduler('soak');
  const jobs = await jobsOf(500);
  let count = 0;
  const done = await run(queue, jobs, {
    on: async ({ type }) => {
      if (type !== 'done') return;
      count++;
      if (count === 100) victim?.kill('SIGKILL');
      if (count === 200) await redis.restart();
      if (count === 300) await redis.flush();
    },
  });
  await queue.close();
  expect(done.sort((a, b) => a - b)).toEqual(jobs.map(({ index }) => index));
  const texts = await Promise.all(jobs.map(({ piece }) => readFile(at(`soak/${piece}`), 'utf8')));
  expect(texts).toEqual(jobs.map(({ index }) => `${index} of the source`));
  expect((await readdir(at('soak'))).length).toBe(500);
  expect(await readdir(at('share'))).toEqual([]);
}, 120_000);

test('a segment that fails is tried again, then ends the run with its own error, and the others leave the queue', async () => {
  await work();
  const queue = await scheduler('failing');
  const jobs = await jobsOf(60, { failing: 1, ms: 20 });
  const seen: string[] = [];
  const error = await failureOf(() => run(queue, jobs, { on: ({ type, job }) => job.index === 1 && type !== 'progress' && seen.push(type) }));
  expect(error.code).toBe('SRVID_DECODE_FAILED');
  // A look at the queue may find the end before its beginning is heard of.
  expect(seen.filter((type) => type !== 'started')).toEqual(['retry', 'retry', 'failed']);
  const before = makings.length;
  expect(await run(queue, await jobsOf(1))).toEqual([0]);
  expect(makings.length - before).toBeLessThanOrEqual(2);
  await queue.close();
}, 60_000);

test('a submitter that was interrupted goes on: what was made meanwhile is not made again', async () => {
  await work();
  const queue = await scheduler('resumed');
  const jobs = await jobsOf(6, { ms: 50 });
  const stop = new AbortController();
  const reason = new Error('enough');
  const first: number[] = [];
  await expect(
    run(queue, jobs, {
      signal: stop.signal,
      on: ({ type, job }) => {
        if (type === 'done') first.push(job.index);
        if (type === 'done' && first.length === 2) stop.abort(reason);
      },
    }),
  ).rejects.toBe(reason);
  const rest = jobs.filter(({ index }) => !first.includes(index));
  expect((await run(queue, rest)).sort()).toEqual(rest.map(({ index }) => index));
  expect(makings.filter((making) => making.startsWith(`made ${jobs[0]?.whole}`)).length).toBe(6);
  await queue.close();
}, 60_000);

test('a video of greater priority goes first', async () => {
  const [early, urgent] = await Promise.all([scheduler('early'), scheduler('urgent')]);
  const order: string[] = [];
  const note =
    (name: string) =>
    ({ type, job }: SegmentEvent) =>
      type === 'done' && order.push(`${name} ${job.index}`);
  const first = run(early, await jobsOf(3), { on: note('early') });
  const second = run(urgent, await jobsOf(3), { on: note('urgent'), priority: 5 });
  // Both are in the queue when the first worker comes.
  const queue = new Queue(`srvid-${packageVersion()}-ffmpeg-of_tests`, { connection: { url: redis.url } });
  while ((await queue.getPrioritizedCount()) < 6);
  await queue.close();
  await work();
  await Promise.all([first, second]);
  expect(order.filter((name) => name.startsWith('urgent'))).toEqual(order.slice(0, 3));
  await Promise.all([early.close(), urgent.close()]);
}, 60_000);

test('a worker that is ended by SIGTERM gives its segment back, and the next one makes it', async () => {
  const first = await work();
  const queue = await scheduler('given-back');
  const done = await run(queue, await jobsOf(1, { ms: 3000 }), {
    on: async ({ type }) => {
      if (type !== 'progress' || workers.length > 1) return;
      const ended = once(first, 'exit');
      first.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await work();
    },
  });
  expect(done).toEqual([0]);
  await queue.close();
}, 60_000);

test('sources and pieces travel by a bucket, where no folder is shared', async () => {
  const s3 = await startS3(at('s3'), 'pieces');
  await work('s3://pieces/srvid', s3.env);
  const queue = await scheduler('bucket', 's3://pieces/srvid');
  const jobs = (await jobsOf(3)).map((job) => ({ ...job, source: { ...job.source, sha256: '1'.repeat(64) } }));
  expect((await run(queue, jobs)).sort()).toEqual([0, 1, 2]);
  expect(await readFile(at('bucket/0002.nut'), 'utf8')).toBe('2 of the source');
  await queue.close();
  await s3.stop();
}, 60_000);

test.each([
  ['a server that is not there', async () => `redis://:secret@127.0.0.1:${await freePort()}`, 'SRVID_QUEUE_FAILED'],
  ['an address of another kind', async () => 'http://:secret@127.0.0.1', 'SRVID_OPTION_INVALID'],
])('%s is refused, without its password', async (_, queue, code) => {
  const options = { queue: await queue(), ffmpeg: 'of tests', share: at('share'), pieces: at('none'), retry: { attempts: 1, firstDelayMs: 1 } };
  const error = await failureOf(() => QueueScheduler.open(options));
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('secret');
});
