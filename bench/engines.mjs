// `npm run bench -- engines [MODEL ...]`: the native engine against ONNX Runtime, one thread each, in alternating runs. Times are the thread's own
// (user and system time of the process), so that other programs disturb less.

import { median } from '../dist/bench/tools.js';
import { ONNX_RUNTIME } from '../dist/plugins/inference/backend.js';
import { loadModelLibrary } from '../dist/plugins/inference/library.js';
import { loadModel } from '../dist/plugins/inference/model.js';
import { nativeEngineHere } from '../dist/plugins/inference/native-engine.js';
import { picture } from './picture.mjs';

const NETWORKS = ['abpn-x3-int8', 'swift-x2-int8', 'swift-x3-int8', 'best-x3-int8', 'ultra-x3-int8', 'xlsr-x3-int8', 'abpn-rgb-x3-int8'];
const PAIRS = 7;
const [HEIGHT, WIDTH] = [360, 640];

export async function measure(ids) {
  const here = nativeEngineHere();
  if ('missing' in here) return console.log(`there is no native engine: ${here.missing}`);
  const [kernel] = here.kernels;
  console.log(`${WIDTH}x${HEIGHT}, one thread, median of ${PAIRS} alternating runs, kernel ${kernel}`);
  console.log('| network | ONNX Runtime | native | faster | bytes |\n|---|---|---|---|---|');
  const library = await loadModelLibrary();
  for (const id of ids.length > 0 ? ids : NETWORKS) {
    const entry = library.models.find((candidate) => candidate.id === id);
    if (!entry) throw new Error(`there is no model ${id}`);
    const verified = await library.load(entry);
    const planes = id.includes('rgb') ? 3 : 1;
    const input = { data: picture(WIDTH, HEIGHT, planes), dims: [1, planes, HEIGHT, WIDTH] };
    const load = (engine) => loadModel(verified, { engine, device: 'cpu', threads: 1 });
    const models = [await load(ONNX_RUNTIME), await load({ name: 'native', kernel, build: here.build })];
    const [height, width] = [HEIGHT * entry.scale, WIDTH * entry.scale];
    const outputs = models.map(() => ({ data: new Uint8Array(planes * height * width), dims: [1, planes, height, width] }));
    const times = [[], []];
    for (let pair = -1; pair < PAIRS; pair++) {
      for (const [index, model] of models.entries()) {
        const since = process.cpuUsage();
        await model.run(input, outputs[index]);
        const { user, system } = process.cpuUsage(since);
        if (pair >= 0) times[index].push((user + system) / 1000);
      }
    }
    const [ort, native] = times.map(median);
    const same = Buffer.compare(outputs[0].data, outputs[1].data) === 0;
    console.log(`| ${id} | ${ort.toFixed(0)} ms | ${native.toFixed(0)} ms | ${(ort / native).toFixed(2)} times | ${same ? 'the same' : 'DIFFERENT'} |`);
    for (const model of models) await model.release();
  }
}
