// `npm run bench -- frontier [--chart FILE.svg]`: gain against time of every int8 luma network for clean sources, by each engine that this machine has. Gains are those
// that the manifest lists for Kodak; times are for a frame of 1920x1080 at the output, on one thread, in turn.
import { writeFile } from 'node:fs/promises';
import { median } from '../dist/bench/tools.js';
import { ONNX_RUNTIME } from '../dist/plugins/inference/backend.js';
import { loadModelLibrary } from '../dist/plugins/inference/library.js';
import { loadModel } from '../dist/plugins/inference/model.js';
import { nativeEngineHere } from '../dist/plugins/inference/native-engine.js';
import { drawFrontier } from './frontier-chart.mjs';
import { optionsOf } from './options.mjs';
import { picture } from './picture.mjs';

const [WIDTH, HEIGHT] = [1920, 1080];
const ROUNDS = 7;

export async function measure(args) {
  const { chart } = optionsOf({ chart: undefined }, args);
  const here = nativeEngineHere();
  const engines = [ONNX_RUNTIME, ...('missing' in here ? [] : [{ name: 'native', kernel: here.kernels[0], build: here.build }])];
  const names = engines.map(({ kernel }) => (kernel ? `native (${kernel})` : 'ONNX Runtime'));
  const library = await loadModelLibrary();
  const entries = library.models.filter(
    ({ family, planes, precision, scale }) => planes === 'y' && precision === 'int8' && [2, 3, 4].includes(scale) && !family.endsWith('-video'),
  );
  console.log(`ms of processor time for a frame of ${WIDTH}x${HEIGHT} at the output, one thread, medians of ${ROUNDS} rounds in turn`);
  console.log(`| network | x | Kodak, over bicubic | ${names.join(' | ')} |\n|---|---|---|${'---|'.repeat(names.length)}`);
  const points = [];
  for (const scale of [2, 3, 4]) {
    const alike = entries.filter((entry) => entry.scale === scale);
    const times = await timesOf(library, alike, engines, scale);
    for (const [index, { id, family, measured }] of alike.entries()) {
      const gain = measured.kodak.gain;
      points.push({ name: family, scale, gain, times: times[index] });
      console.log(`| ${id} | ${scale} | +${gain.toFixed(3)} dB | ${times[index].map((ms) => ms.toFixed(1)).join(' | ')} |`);
    }
  }
  if (chart) await writeFile(chart, drawFrontier(points, names));
}

/** Medians for each network by each engine, in ms. Networks and engines take turns, so that a busy moment harms all alike. */
async function timesOf(library, entries, engines, scale) {
  const runs = [];
  for (const [network, entry] of entries.entries()) {
    const verified = await library.load(entry);
    for (const [at, engine] of engines.entries())
      runs.push({ network, at, taken: [], model: await loadModel(verified, { engine, device: 'cpu', threads: 1 }) });
  }
  const [height, width] = [HEIGHT / scale, WIDTH / scale];
  const input = { data: picture(width, height), dims: [1, 1, height, width] };
  const output = { data: new Uint8Array(WIDTH * HEIGHT), dims: [1, 1, HEIGHT, WIDTH] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const { model, taken } of runs) {
      const since = process.cpuUsage();
      await model.run(input, output);
      const { user, system } = process.cpuUsage(since);
      if (round >= 0) taken.push((user + system) / 1000);
    }
  }
  for (const { model } of runs) await model.release();
  return entries.map((_, network) => runs.filter((run) => run.network === network).map(({ taken }) => median(taken)));
}
