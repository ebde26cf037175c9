// `npm run bench -- knob [--seconds 60] [--height 180] [--chart FILE.svg]`: a live source by PCSR while another process takes one core for a third of the
// time. Prints how many frames each value of k processed in each second, and draws them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawShares } from './knob-chart.mjs';
import { optionsOf } from './options.mjs';
import { makeClip, occupyCore, watch } from './paced.mjs';

const FPS = 25;

export async function measure(args) {
  const { seconds, height, scale, chart } = optionsOf({ seconds: 60, height: 180, scale: 3, chart: undefined }, args);
  const folder = await mkdtemp(join(tmpdir(), 'srvid-knob-'));
  const busy = { from: seconds / 3, until: (2 * seconds) / 3 };
  try {
    const clip = await makeClip(folder, { width: Math.round((height * 16) / 9 / 2) * 2, height, fps: FPS, seconds });
    const samples = [];
    let [release, startedAt] = [];
    const end = await watch([clip, join(folder, 'out.mp4'), '--preset', 'pcsr', '--scale', String(scale), '--realtime'], ({ frames, realtime }) => {
      if (frames === 0) return;
      startedAt ??= performance.now();
      const at = (performance.now() - startedAt) / 1000;
      samples.push({ at, counts: realtime.levels.map(({ frames: count }) => count) });
      if (!release && at >= busy.from && at < busy.until) release = occupyCore();
      if (at >= busy.until) release?.();
    });
    release?.();
    const names = end.realtime.levels.map(({ name }) => name);
    const shares = samples.slice(1).map(({ at, counts }, index) => sharesOf(at, counts, samples[index].counts));
    const lasts = (from, until) => shares.filter(({ at }) => at >= from && at < until);
    console.log(
      `${height}p at ${FPS} frames a second, x${scale}, ${seconds} s; frames in time ${((100 * end.realtime.delivered) / end.framesOut).toFixed(1)} %`,
    );
    for (const [when, rows] of [
      ['before', lasts(0, busy.from)],
      ['while another process takes one core', lasts(busy.from + 1, busy.until)],
      ['from 3 s after its end', lasts(busy.until + 3, seconds)],
    ]) {
      const mean = names.map(
        (name, level) => `${name} ${((100 * rows.reduce((sum, { parts }) => sum + parts[level], 0)) / Math.max(1, rows.length)).toFixed(0)} %`,
      );
      console.log(`${when}: ${mean.join(', ')}`);
    }
    if (chart) await writeFile(chart, drawShares({ names, shares, busy, seconds }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The share of each level among the frames since the sample before. */
function sharesOf(at, counts, before) {
  const made = counts.map((count, level) => count - before[level]);
  const all = Math.max(
    1,
    made.reduce((sum, count) => sum + count, 0),
  );
  return { at, parts: made.map((count) => count / all) };
}
