// `npm run bench -- lowering`: the shipped network against the same network before its rewrite for ONNX Runtime's fast int8 convolution.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { prepareClip } from '../dist/bench/clip.js';
import { median, withTemporaryFolder } from '../dist/bench/tools.js';
import { loadModelLibrary, modelAt } from '../dist/plugins/inference/library.js';
import { loadModel } from '../dist/plugins/inference/model.js';
import { FFMPEG } from './programs.mjs';

const UNLOWERED = fileURLToPath(new URL('./models/abpn-x3-int8-unlowered.onnx', import.meta.url));

export async function measure() {
  const { ratio, pairs, bytes, differingBytes } = await withTemporaryFolder(async (folder) =>
    compareLowering(await prepareClip(FFMPEG, { source: undefined, size: { width: 640, height: 360 }, frames: 2, folder })),
  );
  console.log(
    `lowered and unlowered network: ${differingBytes} of ${bytes} bytes differ; time ratio ${ratio.toFixed(3)} (median of ${pairs} alternating pairs)`,
  );
}

async function compareLowering(clip, pairs = 30) {
  if (!existsSync(UNLOWERED)) throw new Error(`${UNLOWERED} is missing; make it with: python -m training export ... --keep-unlowered bench/models`);
  const library = await loadModelLibrary();
  const shipped = await library.load(library.resolve({ family: 'abpn', scale: 3 }, 'int8'));
  const [lowered, unlowered] = [await loadModel(shipped), await loadModel(await modelAt(shipped.entry, UNLOWERED))];
  const input = { data: clip.luma, dims: [1, 1, 360, 640] };
  const [a, b] = [0, 1].map(() => ({ data: new Uint8Array(1920 * 1080), dims: [1, 1, 1080, 1920] }));
  const timed = async (model, output) => {
    const since = performance.now();
    await model.run(input, output);
    return performance.now() - since;
  };
  const ratios = [];
  for (let pair = -3; pair < pairs; pair++) {
    const [first, second] = [await timed(lowered, a), await timed(unlowered, b)];
    if (pair >= 0) ratios.push(first / second);
  }
  const differingBytes = a.data.reduce((count, value, index) => count + (value === b.data[index] ? 0 : 1), 0);
  return { ratio: median(ratios), pairs, bytes: a.data.length, differingBytes };
}
