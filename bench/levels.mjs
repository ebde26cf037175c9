// `npm run bench -- levels [--preset pcsr] [--height 720] [--seconds 40] [--models DIR] [--chart FILE.svg]`: which level of real time is in
// use when, on the bundled clip at its own rate, while another process takes a core for the middle third.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf } from './options.mjs';
import { makeClip, occupyCore, watch } from './paced.mjs';

const FRAME = { width: 900, left: 130, right: 20, top: 48, bottom: 44, row: 34 };

export async function measure(args) {
  const { preset, height, seconds, fps, models, chart } = optionsOf(
    { preset: 'pcsr', height: '720', seconds: 40, fps: 25, models: undefined, chart: undefined },
    args,
  );
  const busy = [seconds / 3, (2 * seconds) / 3];
  const folder = await mkdtemp(join(tmpdir(), 'srvid-levels-'));
  try {
    const clip = await makeClip(folder, { fps, seconds });
    const from = models === undefined ? [] : ['--models', models];
    const { samples, end } = await traced([clip, join(folder, 'out.mp4'), '--preset', preset, '--height', height, '--realtime', ...from], busy);
    const names = end.realtime.levels.map(({ name }) => name);
    for (const { name, frames, serviceMs } of end.realtime.levels) console.log(`${name}: ${frames} frames, median ${serviceMs.p50.toFixed(1)} ms`);
    console.log(`${JSON.stringify(end.outcomes)}; steps ${JSON.stringify(end.realtime.steps)}`);
    if (chart !== undefined) writeFileSync(chart, drawn({ names, samples, busy, seconds }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the command, and notes the level with each report of progress. The other process runs from the first to the second time. */
async function traced(args, [from, until]) {
  const samples = [];
  let since;
  let release;
  const end = await watch(args, (event) => {
    if (event.frames === 0) return;
    since ??= performance.now();
    const at = (performance.now() - since) / 1000;
    samples.push({ at, level: event.realtime.level });
    if (!release && at >= from && at < until) release = occupyCore();
    if (release && at >= until) release = release() && undefined;
  });
  release?.();
  return { samples, end };
}

/** The level in use over time, a row for each level, as an SVG. */
function drawn({ names, samples, busy, seconds }) {
  const height = FRAME.top + names.length * FRAME.row + FRAME.bottom;
  const x = (at) => (FRAME.left + (Math.min(at, seconds) / seconds) * (FRAME.width - FRAME.left - FRAME.right)).toFixed(1);
  const y = (name) => FRAME.top + (names.indexOf(name) + 0.5) * FRAME.row;
  const bottom = height - FRAME.bottom;
  const points = samples.flatMap(({ at, level }, index) => [`${x(at)},${y(samples[Math.max(0, index - 1)].level)}`, `${x(at)},${y(level)}`]);
  const ticks = Array.from({ length: Math.floor(seconds / 5) + 1 }, (_, index) => 5 * index);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${FRAME.width}" height="${height}" fill="#fff"/>`,
    `<rect x="${x(busy[0])}" y="${FRAME.top}" width="${x(busy[1]) - x(busy[0])}" height="${bottom - FRAME.top}" fill="#fde8d8"/>`,
    `<text x="${x(busy[0])}" y="${FRAME.top - 8}" fill="#c2410c">another process takes a core</text>`,
    ...names.map((name) => `<path d="M${FRAME.left} ${y(name)}H${FRAME.width - FRAME.right}" stroke="#ddd"/>`),
    ...names.map((name) => `<text x="${FRAME.left - 8}" y="${y(name) + 4}" text-anchor="end">${name}</text>`),
    ...ticks.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`),
    `<text x="${x(seconds / 2)}" y="${height - 8}" text-anchor="middle">seconds</text>`,
    `<polyline points="${points.join(' ')}" fill="none" stroke="#0b6bcb" stroke-width="2"/>`,
    '</svg>',
  ].join('\n')}\n`;
}
