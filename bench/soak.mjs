// `npm run soak [-- --seconds 60] [--small]`: real time for half an hour, watched for memory, descriptors and drift. Linux.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf } from './options.mjs';
import { makeClip, watch } from './paced.mjs';

const { seconds, small } = optionsOf({ seconds: 1800, small: false });
const size = small ? { width: 160, height: 90 } : {};
const limits = { megabytesAMinute: seconds < 600 ? 20 : 1, driftMs: seconds < 600 ? 1000 : 200 };

const folder = await mkdtemp(join(tmpdir(), 'srvid-soak-'));
const samples = [];
try {
  const clip = await makeClip(folder, { fps: 30, seconds, ...size });
  const to = small ? ['--scale', '2'] : [];
  const end = await watch([clip, join(folder, 'out.mp4'), '--preset', 'live-1080p', ...to, '--realtime'], async (event, child) => {
    const at = performance.now() / 60_000;
    const [status, descriptors] = await Promise.all([readFile(`/proc/${child.pid}/status`, 'utf8'), readdir(`/proc/${child.pid}/fd`)]).catch(() => []);
    const rss = /VmRSS:\s+(\d+)/.exec(status ?? '')?.[1];
    if (rss) samples.push({ at, megabytes: Number(rss) / 1024, descriptors: descriptors.length, drift: event.realtime.driftMs });
  });
  // The first quarter, of at most two minutes, is warm-up.
  const first = samples[0].at + Math.min(2, seconds / 60 / 4);
  const warm = samples.filter(({ at }) => at >= first);
  const slope = slopeOf(warm.map(({ at, megabytes }) => [at, megabytes]));
  const descriptors = [warm[0].descriptors, warm.at(-1).descriptors];
  const { outcomes, realtime, framesIn, framesOut } = end;
  const counted = outcomes.sr + outcomes.reused + outcomes.bypassed + outcomes.dropped;
  const results = [
    ['memory, MB a minute after warm-up', slope.toFixed(2), slope < limits.megabytesAMinute],
    ['descriptors, then and at the end', descriptors.join(', '), descriptors[1] <= descriptors[0]],
    ['drift between pts and clock, ms', realtime.driftMs, Math.abs(realtime.driftMs) < limits.driftMs],
    ['frames in, out, by outcome', `${framesIn}, ${framesOut}, ${JSON.stringify(outcomes)}`, counted === framesIn],
  ];
  for (const [what, figure, holds] of results) console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}: ${figure}`);
  console.log(
    `     in time ${realtime.delivered} of ${framesOut}; latency ${JSON.stringify(realtime.latencyMs)} ms; memory ${warm[0].megabytes.toFixed(0)} to ${warm.at(-1).megabytes.toFixed(0)} MB`,
  );
  process.exitCode = results.every(([, , holds]) => holds) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Least squares. */
function slopeOf(points) {
  const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [x, y] = [mean(([a]) => a), mean(([, b]) => b)];
  return points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}
