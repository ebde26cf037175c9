// `npm run accept:resume [-- --kills 20] [-- --seconds 180] [-- --runs 4]`: kills a run in segments at random moments, gives the same again each time, and
// compares the result with that of one run; then what segments cost against one piece, in alternating runs. `--size`, `--preset`, `--scale` and `--encoder`
// say how much work a frame is.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../dist/bench/tools.js';
import { differences, seen, session } from './both-ways.mjs';
import { optionsOf } from './options.mjs';
import { FFMPEG } from './programs.mjs';

const { kills, seconds, segment, runs, size, ...how } = optionsOf({
  ...{ kills: 20, seconds: 180, segment: 10, runs: 4, size: '64x36' },
  ...{ preset: 'bicubic', scale: 2, encoder: 'ffv1' },
});
const root = await mkdtemp(join(tmpdir(), 'srvid-resume-'));
const clip = join(root, 'clip.mkv');
const output = join(root, 'out.mkv');
const journal = join(root, '.out.mkv.srvid-job', 'journal.json');
const WAYS = { 'in one piece': { ...how, resume: false }, 'in segments': { ...how, segment } };

try {
  const made = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`, '-f', 'lavfi', '-i', `sine=duration=${seconds}`];
  execFileSync(FFMPEG, ['-v', 'error', ...made, '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'aac', clip]);
  if (kills > 0) await killed();
  if (runs > 0) await overhead();
} finally {
  await rm(root, { recursive: true, force: true });
}

/** Kills a run so many times, each at a random moment of what one segment takes, lets the last one end, and compares. */
async function killed() {
  const whole = join(root, 'whole.mkv');
  const one = await completed(whole, WAYS['in one piece']);
  const each = one.seconds / (seconds / segment);
  let [kept, done, vanished] = [0, 0, 0];
  const again = [0];
  while (done < kills) {
    // Start-up is part of what may be killed.
    const { code, events } = await session(clip, output, WAYS['in segments'], Math.random() * 1000 * (2 + 2 * each));
    if (code === 0) {
      console.error('it ended before the kill; once more from the beginning');
      kept = 0;
      continue;
    }
    done++;
    const frames = framesKept();
    const written = events.findLast(({ type }) => type === 'progress')?.frames ?? kept;
    again.push(Math.max(0, written - frames));
    vanished += frames < kept ? 1 : 0;
    kept = frames;
    console.error(`kill ${done}: ${written} frames were made, ${frames} are kept`);
  }
  const last = await completed(output, WAYS['in segments']);
  const { count } = last.events.find(({ type }) => type === 'segments') ?? {};
  const others = differences(await seen(whole), await seen(output));
  const most = Math.max(...again);
  const left = existsSync(journal);
  console.log(
    [
      `${done} kills in a run of ${count} segments: the result is ${others.length === 0 ? 'equal in frames, times and streams' : `DIFFERENT in ${others.join(', ')}`}`,
      `  made again after a kill: at most ${most} frames, ${(most / (25 * segment)).toFixed(2)} of a segment; kept pieces vanished ${vanished} times; job folder ${left ? 'LEFT' : 'gone'}`,
    ].join('\n'),
  );
  if (others.length > 0 || vanished > 0 || left) process.exitCode = 1;
}

async function completed(path, options) {
  const result = await session(clip, path, options);
  if (result.code !== 0) throw new Error(result.said);
  return result;
}

/** Alternating runs. What a user sees first is a frame in the progress; the first piece is the first that a loss of power leaves. */
async function overhead() {
  const all = Object.fromEntries(Object.keys(WAYS).map((name) => [name, []]));
  for (let run = 0; run < runs; run++) {
    for (const [name, options] of Object.entries(WAYS)) {
      const result = await completed(output, options);
      const { events } = result;
      const first = (isIt) => events.find(isIt)?.at ?? result.seconds;
      all[name].push({
        ...result,
        frame: first(({ type, frames }) => type === 'progress' && frames > 0),
        piece: first(({ type, done }) => type === 'segments' && done > 0),
        count: events.findLast(({ type }) => type === 'segments')?.count ?? 1,
      });
    }
  }
  const of = (name, what) => median(all[name].map((result) => result[what]));
  for (const name of Object.keys(WAYS)) {
    const [took, frame, piece, cpu] = ['seconds', 'frame', 'piece', 'cpu'].map((what) => of(name, what).toFixed(2));
    console.log(`${name}: ${took} s, CPU ${cpu} s; the first frame after ${frame} s, the first that is kept after ${piece} s (medians of ${runs})`);
  }
  const [plain, cut] = Object.keys(WAYS);
  const { count } = all[cut][0];
  const ratios = all[cut].map((result, run) => result.seconds / all[plain][run].seconds);
  const more = (what) => of(cut, what) - of(plain, what);
  console.log(
    [
      `${count} segments of ${segment} s: ${(100 * (of(cut, 'seconds') / of(plain, 'seconds') - 1)).toFixed(1)} % more time (pairs: ${ratios.map((ratio) => ratio.toFixed(3)).join(', ')}),`,
      `  ${((1000 * more('seconds')) / count).toFixed(0)} ms a segment, of CPU ${((1000 * more('cpu')) / count).toFixed(0)} ms; start-up and join included`,
    ].join('\n'),
  );
}

function framesKept() {
  if (!existsSync(journal)) return 0;
  return Object.values(JSON.parse(readFileSync(journal, 'utf8')).pieces).reduce((sum, { frames }) => sum + frames, 0);
}
