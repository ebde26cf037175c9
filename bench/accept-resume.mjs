// `npm run accept:resume [-- --kills 20] [-- --seconds 180] [-- --runs 4]`: kills a run in segments at random moments, gives the same command again
// each time, and compares the result with that of one run; then what segments cost against one piece, in alternating runs.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '180' },
    segment: { type: 'string', default: '10' },
    runs: { type: 'string', default: '4' },
    size: { type: 'string', default: '64x36' },
    preset: { type: 'string', default: 'bicubic' },
  },
});
const COMMAND = new URL('../dist/cli/main.js', import.meta.url).pathname;
const FFMPEG = process.env.FFMPEG_PATH || 'ffmpeg';
const root = await mkdtemp(join(tmpdir(), 'srvid-resume-'));
const clip = join(root, 'clip.mkv');
const [whole, output] = [join(root, 'whole.mkv'), join(root, 'out.mkv')];
const journal = join(root, '.out.mkv.srvid-job', 'journal.json');
const options = ['--preset', values.preset, '--encoder', 'ffv1', '--json', '-y'];
const segments = ['--segment', values.segment];
let failed = false;

try {
  const made = ['-f', 'lavfi', '-i', `testsrc2=size=${values.size}:rate=25:duration=${values.seconds}`, '-f', 'lavfi', '-i', `sine=duration=${values.seconds}`];
  execFileSync(FFMPEG, ['-v', 'error', ...made, '-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'aac', clip]);
  const one = await srvid([clip, whole, ...options, '--no-resume']);
  const { count, done, lost } = await killed(Number(values.kills), one.seconds);
  const equal = seen(whole) === seen(output);
  const most = Math.max(...lost);
  console.log(
    `${done} kills in a run of ${count} segments: result ${equal ? 'equal' : 'DIFFERENT'}, pieces that vanished ${most}, job folder ${existsSync(journal) ? 'LEFT' : 'gone'}`,
  );
  failed = !equal || most > 0 || existsSync(journal);
  await overhead(Number(values.runs));
} finally {
  await rm(root, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;

/** Kills a run so many times, each at a random moment of what one segment takes, and lets the last one end. */
async function killed(kills, seconds) {
  const each = (seconds / Number(values.seconds)) * Number(values.segment);
  let [before, done] = [0, 0];
  const lost = [0];
  for (let kill = 0; kill < kills; kill++) {
    // Start-up is part of what may be killed.
    const { code } = await srvid([clip, output, ...options, ...segments], Math.random() * 1000 * (2 + 2 * each));
    if (code === 0) {
      console.error('it ended before the kill; once more from the beginning');
      await rm(output, { force: true });
      before = 0;
      continue;
    }
    done++;
    const now = pieces();
    lost.push(Math.max(0, before - now));
    console.error(`kill ${kill + 1}: ${now} segments kept, ${before} before`);
    before = now;
  }
  const last = await srvid([clip, output, ...options, ...segments]);
  const count = last.events.find(({ type }) => type === 'segments')?.count;
  if (last.code !== 0) throw new Error(`the last run failed: ${last.said}`);
  return { count, done, lost };
}

async function overhead(runs) {
  const times = { plain: [], cut: [] };
  for (let run = 0; run < runs; run++) {
    for (const [name, more] of [
      ['plain', ['--no-resume']],
      ['cut', segments],
    ]) {
      const { code, seconds, said } = await srvid([clip, output, ...options, ...more]);
      if (code !== 0) throw new Error(said);
      times[name].push(seconds);
    }
  }
  if (runs === 0) return;
  const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
  const [plain, cut] = [median(times.plain), median(times.cut)];
  const share = 100 * (cut / plain - 1);
  console.log(`in one piece ${plain.toFixed(2)} s, in segments of ${values.segment} s ${cut.toFixed(2)} s (medians of ${runs}): ${share.toFixed(1)} % more`);
}

function pieces() {
  if (!existsSync(journal)) return 0;
  return Object.keys(JSON.parse(readFileSync(journal, 'utf8')).pieces).length;
}

/** Decoded frames with their times, and all packets beside them, as one hash. */
function seen(path) {
  const sums = (...args) => execFileSync(FFMPEG, ['-v', 'error', '-copyts', '-i', path, ...args, '-f', 'framemd5', '-'], { maxBuffer: 1 << 28 }).toString();
  const text = sums('-map', '0:v', '-c:v', 'rawvideo', '-fps_mode', 'passthrough', '-enc_time_base', '-1') + sums('-map', '0:a', '-c', 'copy');
  return createHash('md5').update(text).digest('hex');
}

/** Runs the command; kills it after some milliseconds where they are given. */
function srvid(args, killAfterMs) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearTimeout(timer);
      const events = out
        .split('\n')
        .filter((line) => line.startsWith('{') && line.endsWith('}'))
        .map((line) => JSON.parse(line));
      resolve({ code, events, said, seconds: (performance.now() - startedAt) / 1000 });
    }),
  );
}
