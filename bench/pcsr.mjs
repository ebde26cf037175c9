// `npm run bench -- pcsr FILE ... [--models DIR] [--precision int8] [--ks -25,-1,...] [--rounds 5] [--engine ort] [--plot NAME]`: time and PSNR of PCSR at
// several k, and of other ways to 1920x1080, from 640x360 and from 1280x720. The files are pictures or clips, of which the first frame counts,
// of 1920x1080 or more. Each round runs all ways one after the other, on one thread; a way's time is its least, since other load only adds.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { psnr } from '../dist/eval/metrics.js';
import { planResize } from '../dist/eval/resize.js';
import { ONNX_RUNTIME } from '../dist/plugins/inference/backend.js';
import { nativeEngineHere } from '../dist/plugins/inference/native-engine.js';
import { CUBIC } from '../dist/plugins/pixels/resample.js';
import { optionsOf } from './options.mjs';
import { drawWays } from './pcsr-chart.mjs';
import { waysFor } from './pixel-ways.mjs';
import { FFMPEG } from './programs.mjs';

const OUTPUT = { width: 1920, height: 1080 };
const INPUTS = [
  { width: 640, height: 360 },
  { width: 1280, height: 720 },
];
const BORDER = 4;
const HEAD = ['way', 'ms', 'of all heavy', 'heavy pixels', 'Y-PSNR, dB', 'under all heavy, dB'];

export async function measure(args) {
  const {
    files,
    models,
    precision,
    ks,
    rounds,
    engine: wanted,
    plot,
  } = optionsOf({ files: [], models: undefined, precision: 'int8', ks: '-25,-2,-1,-0.5,0,0.5,1,25', rounds: 5, engine: 'native', plot: undefined }, args);
  if (files.length === 0) throw new Error('Which pictures? npm run bench -- pcsr FILE ...');
  const engine = engineOf(wanted);
  console.log(engine.kernel ? `native engine (${engine.kernel}), and ONNX Runtime for what that does not run` : 'ONNX Runtime');
  const truths = files.map(lumaOf);
  for (const input of INPUTS) {
    const ways = await waysFor(input, OUTPUT, { models, precision, ks: ks.split(',').map(Number), engine });
    const rows = await measured(ways, input, truths, rounds);
    print(input, rows);
    if (plot !== undefined) writeFileSync(`${plot}-${input.height}p.svg`, drawWays(`${input.width}x${input.height} to 1920x1080, one thread`, rows));
  }
}

/** The native engine where it is there and wanted, as a run would have it. */
function engineOf(wanted) {
  const here = nativeEngineHere();
  return wanted === 'ort' || 'missing' in here ? ONNX_RUNTIME : { name: 'native', kernel: here.kernels[0], build: here.build };
}

/** Luma of a file's first frame, its middle 1920x1080. */
function lumaOf(path) {
  const filter = 'scale=1920:1080:force_original_aspect_ratio=increase:flags=area,crop=1920:1080,format=yuv420p,extractplanes=y';
  const command = ['-nostdin', '-v', 'error', '-i', path, '-frames:v', '1', '-vf', filter, '-f', 'rawvideo', '-'];
  return new Uint8Array(execFileSync(FFMPEG, command, { maxBuffer: 1 << 26 }));
}

async function measured(ways, input, truths, rounds) {
  const reduce = planResize({ kind: 'gray', ...OUTPUT }, { kind: 'gray', ...input }, CUBIC);
  const rows = ways.map(({ name, family }) => ({ name, family, ms: 0, heavy: undefined, psnr: 0 }));
  for (const truth of truths) {
    const small = reduce(truth);
    const least = ways.map(() => Number.POSITIVE_INFINITY);
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of ways.entries()) {
        const since = performance.now();
        await way.run(small);
        least[index] = Math.min(least[index], performance.now() - since);
      }
    }
    for (const [index, way] of ways.entries()) {
      const row = rows[index];
      row.ms += least[index] / truths.length;
      row.psnr += psnr(await way.run(small), { ...OUTPUT, stride: OUTPUT.width, data: truth }, BORDER) / truths.length;
      if (way.heavy) row.heavy = (row.heavy ?? 0) + (await way.heavy(small)) / truths.length;
    }
  }
  return rows;
}

function print({ width, height }, rows) {
  const all = rows[0];
  console.log(`\n${width}x${height} to ${OUTPUT.width}x${OUTPUT.height}\n\n| ${HEAD.join(' | ')} |\n|${'---|'.repeat(HEAD.length)}`);
  for (const { name, ms, heavy, psnr: found } of rows) {
    const share = heavy === undefined ? '' : `${(100 * heavy).toFixed(0)} %`;
    console.log(`| ${[name, ms.toFixed(1), (ms / all.ms).toFixed(2), share, found.toFixed(3), (all.psnr - found).toFixed(3)].join(' | ')} |`);
  }
}
