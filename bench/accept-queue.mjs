// `npm run accept:queue [-- --seconds 30] [-- --runs 3] [-- --preset abpn] [-- --scale 3]`: what a second worker brings where each has one core, in runs that
// alternate; then what it costs when one of two is killed in the middle of a segment. Linux, with redis-server and two cores.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { median, withTemporaryFolder } from '../dist/bench/tools.js';
import { optionsOf } from './options.mjs';
import { clipOfSeconds, startWorker, submit } from './queue-setting.mjs';
import { startRedis } from './redis-server.mjs';

const LEAST = 1.7;
const { seconds, runs, preset, scale } = optionsOf({ seconds: 30, runs: 3, preset: 'abpn', scale: '3' });

await withTemporaryFolder(async (folder) => {
  const share = join(folder, 'share');
  await Promise.all([mkdir(share), mkdir(join(folder, 'redis'))]);
  const input = await clipOfSeconds(folder, seconds);
  const redis = await startRedis(join(folder, 'redis'));
  const setting = { folder, share, input, url: redis.url };
  try {
    const rates = { 1: [], 2: [] };
    for (let run = 0; run < runs; run++) {
      for (const count of [1, 2]) rates[count].push(await rateOf(setting, count));
      console.error(`one worker ${rates[1].at(-1).toFixed(2)} frames a second, two ${rates[2].at(-1).toFixed(2)}`);
    }
    const ratio = median(rates[2]) / median(rates[1]);
    console.log(
      `one worker on one core: ${median(rates[1]).toFixed(2)} frames a second; two, a core each: ${median(rates[2]).toFixed(2)}; ${ratio.toFixed(2)} times (medians of ${runs})`,
    );
    const { again, count, frames } = await killed(setting);
    console.log(`one of two workers killed in a segment: ${frames} frames, ${count} segments, of which ${again} was made again`);
    if (ratio < LEAST || again !== 1) process.exitCode = 1;
  } finally {
    await redis.stop();
  }
});

/** Frames a second of all workers, from the first segment that each has done to its last: start-up and join are not work that is shared. */
async function rateOf(setting, count) {
  const workers = await Promise.all(Array.from({ length: count }, (_, core) => startWorker({ ...setting, core })));
  try {
    await submitted(setting);
    return workers.reduce((sum, { segments }) => {
      const [first, ...rest] = segments;
      return rest.length === 0 ? sum : sum + (1000 * rest.reduce((frames, segment) => frames + segment.frames, 0)) / (rest.at(-1).at - first.at);
    }, 0);
  } finally {
    await Promise.all(workers.map(({ end }) => end()));
  }
}

/** Kills the first of two workers when it has begun its third segment. */
async function killed(setting) {
  const workers = await Promise.all([0, 1].map((core) => startWorker({ ...setting, core })));
  const [victim, other] = workers;
  let ended;
  const onProgress = () => {
    const { started, segments } = victim;
    if (started.length > 2 && started.length > segments.length) ended ??= victim.end('SIGKILL');
  };
  const { frames, count } = await submitted(setting, onProgress);
  await ended;
  await other.end();
  return { frames, count, again: victim.started.length + other.started.length - count };
}

async function submitted({ folder, share, input, url }, onProgress = () => {}) {
  let count = 0;
  const take = (event) => {
    ({ count } = event);
    onProgress();
  };
  const args = ['--preset', preset, '--scale', scale, '--segment', '1'];
  const { frames } = await submit({ url, share, input, output: join(folder, 'out.mkv'), args, onProgress: take });
  return { frames, count };
}
