// `npm run bench -- scale`: measures segments, queue, share and join on this machine, and reckons with them how a film fares with many workers.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { median, withTemporaryFolder } from '../dist/bench/tools.js';
import { optionsOf } from './options.mjs';
import { clipOfSeconds, startWorker, submit } from './queue-setting.mjs';
import { startRedis } from './redis-server.mjs';

const COUNTS = [1, 10, 100, 1000];
/** Files that the submitter copies at once. */
const COPIES = 4;

export async function measure(args) {
  const options = optionsOf({ preset: 'abpn', scale: '3', hours: 2, link: 1000, 'source-mbit': 1.5, segment: 20 }, args);
  const measured = await withTemporaryFolder((folder) => measureHere(folder, options));
  const film = filmOf(measured, options);
  printMeasured(measured, film, options);
  for (const inPlace of [true, false]) {
    console.log(inPlace ? 'a folder that is mounted: workers read their part of the source in place' : 'a bucket: each worker copies the whole source first');
    console.log('workers      hours   times one   busy: workers  share  submitter   join');
    const runs = COUNTS.map((count) => simulate(film, count, inPlace));
    for (const [index, run] of runs.entries()) printRun(COUNTS[index], run, runs[0], film);
  }
}

/** Times and sizes on this machine. */
async function measureHere(folder, { preset, scale }) {
  const share = join(folder, 'share');
  await mkdir(share);
  const input = await clipOfSeconds(folder, 6);
  const redis = await startRedis(join(folder, 'redis'));
  try {
    const worker = await startWorker({ url: redis.url, share });
    const output = join(folder, 'out.mkv');
    let lastAt = 0;
    const args = ['--preset', preset, '--scale', scale, '--segment', '1'];
    const job = { url: redis.url, share, input, output, args };
    await submit({
      ...job,
      onProgress: () => {
        lastAt = performance.now();
      },
    });
    const joinMs = performance.now() - lastAt;
    await worker.end();
    const msPerFrame = worker.segments.map(({ tookMs, frames }) => tookMs / frames);
    const frames = worker.segments.reduce((sum, segment) => sum + segment.frames, 0);
    const { size } = await stat(output);
    return { msPerFrame, bytesPerFrame: size / frames, joinBytesPerMs: size / joinMs, queueMs: await queueTime(redis.url) };
  } finally {
    await redis.stop();
  }
}

/** Milliseconds of queue and submitter for a job that does nothing. */
async function queueTime(url, jobs = 2000) {
  const connection = { url, maxRetriesPerRequest: null };
  const [queue, events] = [new Queue('scale', { connection }), new QueueEvents('scale', { connection })];
  await events.waitUntilReady();
  let done = 0;
  const all = new Promise((resolve) => {
    events.on('completed', () => ++done === jobs && resolve());
  });
  const since = performance.now();
  for (let index = 0; index < jobs; index++) await queue.add('nothing', { index });
  const worker = new Worker('scale', async () => null, { connection, concurrency: 50 });
  await all;
  const took = performance.now() - since;
  await Promise.all([worker.close(), events.close(), queue.close()]);
  return took / jobs;
}

/** A film of so many hours at 25 frames a second. */
function filmOf({ msPerFrame, bytesPerFrame, joinBytesPerMs, queueMs }, { hours, segment, link, 'source-mbit': rate }) {
  const seconds = hours * 3600;
  const count = Math.ceil(seconds / segment);
  const frames = segment * 25;
  return {
    seconds,
    // Each segment takes one of the times that were measured.
    works: Array.from({ length: count }, (_, index) => frames * msPerFrame[index % msPerFrame.length]),
    pieceBytes: frames * bytesPerFrame,
    sourceBytes: (seconds * rate * 1e6) / 8,
    ...{ queueMs, joinBytesPerMs, linkBytesPerMs: (link * 1e6) / 8 / 1000 },
  };
}

/**
 * Reckons a run. The share and the submitter have a link each, on which transfers stand in line; a worker has its own, so that sources are bounded by the
 * share. From a bucket workers fetch the whole source first; in a folder they read their segments of it.
 */
function simulate({ works, pieceBytes, sourceBytes, queueMs, linkBytesPerMs, joinBytesPerMs }, count, inPlace) {
  const workers = Math.min(count, works.length);
  const busy = { workers: 0, share: 0, submitter: 0 };
  let [shareFree, submitterFree, copied] = [0, 0, 0];
  const transfer = (from, bytes) => {
    const begin = Math.max(from, shareFree);
    shareFree = begin + bytes / linkBytesPerMs;
    busy.share += bytes / linkBytesPerMs;
    return shareFree;
  };
  const uploaded = inPlace ? 0 : transfer(0, sourceBytes);
  const free = Array.from({ length: workers }, () => (inPlace ? 0 : transfer(uploaded, sourceBytes)));
  const events = works.map(() => 0);
  for (const [index, work] of works.entries()) {
    const next = free.indexOf(Math.min(...free));
    busy.workers += work;
    free[next] = (inPlace ? transfer(free[next], sourceBytes / works.length) : free[next]) + work;
    events[index] = { worker: next, at: free[next] };
  }
  for (const { at } of events.sort((a, b) => a.at - b.at)) {
    const stored = transfer(at, pieceBytes);
    const begin = Math.max(stored, submitterFree);
    const took = queueMs + pieceBytes / linkBytesPerMs;
    submitterFree = begin + took / (took > queueMs * COPIES ? 1 : COPIES);
    busy.submitter += took;
    copied = submitterFree;
  }
  const joinMs = (works.length * pieceBytes) / joinBytesPerMs;
  const total = copied + joinMs;
  return {
    total,
    joinMs,
    shares: { workers: busy.workers / workers / total, share: busy.share / total, submitter: busy.submitter / total, join: joinMs / total },
  };
}

function printMeasured({ msPerFrame, bytesPerFrame, queueMs, joinBytesPerMs }, { works, seconds, sourceBytes }, { link, segment }) {
  console.log(
    [
      `measured here: ${median(msPerFrame).toFixed(1)} ms a frame (${Math.min(...msPerFrame).toFixed(1)} to ${Math.max(...msPerFrame).toFixed(1)}, of ${msPerFrame.length} segments), ${(bytesPerFrame / 1000).toFixed(1)} kB a frame,`,
      `  ${queueMs.toFixed(2)} ms a job for queue and submitter, joined at ${(joinBytesPerMs / 1000).toFixed(0)} MB a second`,
      `reckoned: a film of ${(seconds / 3600).toFixed(1)} hours, ${works.length} segments of ${segment} s, a source of ${(sourceBytes / 1e9).toFixed(2)} GB, links of ${link} Mbit/s`,
    ].join('\n'),
  );
}

function printRun(count, { total, shares }, { total: one }, { works }) {
  const percent = (value) => `${(100 * Math.min(1, value)).toFixed(0)}%`;
  const idle = count > works.length ? `   (${count - works.length} workers without a segment)` : '';
  console.log(
    `${String(count).padStart(7)} ${(total / 3.6e6).toFixed(3).padStart(10)} ${(one / total).toFixed(1).padStart(11)} ${percent(shares.workers).padStart(15)} ${percent(shares.share).padStart(6)} ${percent(shares.submitter).padStart(10)} ${percent(shares.join).padStart(6)}${idle}`,
  );
}
