// `npm run bench -- same-bytes [FILE|DIR ...] [--frames 4] [--sizes 40] [--only MODEL]`: the native engine's bytes against ONNX Runtime's, for every
// int8 network of one scale that is shipped: whole pictures and frames of the files that are named, and noise of random sizes from 1x1 to 2000x1200; by
// each kernel of this processor, with 1, 2 and 4 threads. The first difference is an error.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ONNX_RUNTIME } from '../dist/plugins/inference/backend.js';
import { loadModelLibrary } from '../dist/plugins/inference/library.js';
import { loadModel } from '../dist/plugins/inference/model.js';
import { isSlowKernel, nativeEngineHere } from '../dist/plugins/inference/native-engine.js';
import { optionsOf } from './options.mjs';
import { FFMPEG, FFPROBE } from './programs.mjs';

const THREADS = [1, 2, 4];
const [MOST_WIDTH, MOST_HEIGHT] = [2000, 1200];
/** Larger inputs are not given to kernels that are there for comparison. */
const SLOW_PIXELS = 20_000;

export async function measure(args) {
  const { files, frames, sizes, only } = optionsOf({ files: [], frames: 4, sizes: 40, only: '' }, args);
  const here = nativeEngineHere();
  if ('missing' in here) throw new Error(`There is no native engine: ${here.missing}`);
  const library = await loadModelLibrary();
  const entries = library.models.filter(({ id, scale }) => id.endsWith('-int8') && scale !== undefined && id.includes(only));
  const pictures = [...files.flatMap(filesIn).flatMap((file) => framesOf(file, frames)), ...noises(sizes)];
  console.log(`${pictures.length} pictures; kernels ${here.kernels.join(', ')}; ${THREADS.join(', ')} threads`);
  const random = randomNumbers(7);
  for (const entry of entries) {
    const planes = entry.id.includes('rgb') ? 3 : 1;
    const verified = await library.load(entry);
    const load = (engine, threads) => loadModel(verified, { engine, device: 'cpu', threads });
    const reference = await load(ONNX_RUNTIME, 1);
    const natives = [];
    for (const kernel of here.kernels) {
      for (const threads of THREADS) natives.push({ kernel, threads, model: await load({ name: 'native', kernel, build: here.build }, threads) });
    }
    let compared = 0;
    for (const picture of pictures) {
      const input = { data: picture.planes(planes), dims: [1, planes, picture.height, picture.width] };
      const [height, width] = [picture.height * entry.scale, picture.width * entry.scale];
      const run = async (model) => {
        const output = { data: new Uint8Array(planes * height * width), dims: [1, planes, height, width] };
        await model.run(input, output);
        return output.data;
      };
      const expected = await run(reference);
      // Each kernel sees each picture, with a number of threads that changes from one to the next.
      for (const kernel of here.kernels) {
        if (isSlowKernel(kernel) && picture.height * picture.width > SLOW_PIXELS) continue;
        const threads = THREADS[Math.floor(random() * THREADS.length)];
        const { model } = natives.find((native) => native.kernel === kernel && native.threads === threads);
        if (Buffer.compare(expected, await run(model)) !== 0) throw new Error(`${entry.id}, ${picture.name}, ${kernel}, ${threads} threads: other bytes`);
        compared++;
      }
    }
    console.log(`${entry.id}: ${compared} results, all the same`);
    for (const { model } of [{ model: reference }, ...natives]) await model.release();
  }
}

function filesIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name));
}

/** Up to `count` frames of a file, none of one that is no picture or video, spread over its first hundred; planes of green, blue and red, of which the first stands for luma. */
function framesOf(file, count) {
  const { stdout: probed } = spawnSync(FFPROBE, ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', file], {
    encoding: 'utf8',
  });
  const [width, height] = probed.trim().split(',').map(Number);
  if (!(width > 0)) return [];
  const every = Math.ceil(100 / count);
  const { stdout, status, stderr } = spawnSync(
    FFMPEG,
    [
      '-v',
      'error',
      '-i',
      file,
      '-vf',
      `select=not(mod(n\\,${every}))`,
      '-fps_mode',
      'passthrough',
      '-frames:v',
      String(count),
      '-pix_fmt',
      'gbrp',
      '-f',
      'rawvideo',
      '-',
    ],
    { maxBuffer: 2 ** 30 },
  );
  if (status !== 0) throw new Error(`ffmpeg could not read ${file}: ${stderr}`);
  const plane = width * height;
  return Array.from({ length: Math.floor(stdout.length / (3 * plane)) }, (_, frame) => ({
    name: `${basename(file)}, frame ${frame * every}`,
    width,
    height,
    planes: (planes) => new Uint8Array(stdout.subarray(3 * plane * frame, 3 * plane * frame + planes * plane)),
  }));
}

/** Noise: both extremes, then sizes at random, of which most are small. */
function noises(count) {
  const random = randomNumbers(1);
  return Array.from({ length: count }, (_, index) => {
    const side = (most) => 1 + Math.floor(random() ** 4 * most);
    const [width, height] = index === 0 ? [1, 1] : index === 1 ? [MOST_WIDTH, MOST_HEIGHT] : [side(MOST_WIDTH), side(MOST_HEIGHT)];
    const planes = (planes) => Uint8Array.from({ length: planes * width * height }, () => Math.floor(random() * 256));
    return { name: `noise of ${width}x${height}`, width, height, planes };
  });
}

function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
