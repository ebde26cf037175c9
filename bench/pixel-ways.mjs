// Ways to enlarge luma to a size on one thread: PCSR with several k, other networks with resampling behind them, and resampling alone.
import { pathToFileURL } from 'node:url';
import { PCSR_FAMILY } from '../dist/plugins/builtin/pcsr.js';
import { loadModelLibrary } from '../dist/plugins/inference/library.js';
import { loadModel } from '../dist/plugins/inference/model.js';
import { AdaptivePicture } from '../dist/plugins/networks/adaptive-picture.js';
import { Resampler } from '../dist/plugins/pixels/resample.js';

const OTHERS = ['abpn', 'xlsr', 'swift', 'best'];

/** All ways from one size to another. A way's `run` gives the result, in memory that its next run overwrites. */
export async function waysFor(input, output, { models, precision, ks, engine }) {
  const own = await loadModelLibrary();
  const library = models === undefined ? own : await loadModelLibrary(pathToFileURL(`${models}/`));
  const settings = { engine, device: 'cpu', threads: 1 };
  const load = async (from, spec) => loadModel(await from.load(from.resolve({ planes: 'y', ...spec }, precision)), settings);
  const networks = {};
  for (const part of ['backbone', 'place', 'light', 'heavy']) networks[part] = await load(library, { family: `pcsr-${part}` });
  const pixels = (wishes) => pixelWay(networks, input, output, wishes);
  const ways = [];
  for (const k of ks) ways.push(await pixels({ k }));
  ways.push(await pixels({ adaptive: true }), await pixels({ k: 0, refine: true }), await pixels({ adaptive: true, refine: true }));
  const factor = Math.min(4, Math.max(2, Math.ceil(output.width / input.width)));
  for (const family of OTHERS) ways.push(networkWay(`${family} x${factor}`, await load(own, { family, scale: factor }), factor, input, output));
  ways.push(resampled(input, output));
  return ways;
}

async function pixelWay(networks, input, output, wishes) {
  const { k = 0, adaptive = false, refine = false } = wishes;
  const open = (map) => AdaptivePicture.open(networks, PCSR_FAMILY, input, output, { k, adaptive, refine, map });
  const [picture, painted] = [await open(false), await open(true)];
  const result = planeOf(output);
  return {
    name: `pcsr ${adaptive ? 'ADM' : `k=${k}`}${refine ? ', refined' : ''}`,
    family: 'pcsr',
    async run(luma) {
      await picture.run({ ...planeOf(input), data: luma }, result);
      return result;
    },
    /** The share of pixels that get the heavy head, by the map's colours. */
    async heavy(luma) {
      const map = planeOf(output);
      await painted.run({ ...planeOf(input), data: luma }, map);
      return map.data.reduce((count, value) => count + (value >= 127), 0) / map.data.length;
    },
  };
}

function networkWay(name, model, factor, input, output) {
  const large = planeOf({ width: input.width * factor, height: input.height * factor });
  const exact = large.width === output.width && large.height === output.height;
  const result = exact ? large : planeOf(output);
  const resampler = exact ? undefined : new Resampler(large, output);
  return {
    name: exact ? name : `${name}, then bicubic`,
    family: 'network',
    async run(luma) {
      await model.run({ data: luma, dims: [1, 1, input.height, input.width] }, { data: large.data, dims: [1, 1, large.height, large.width] });
      resampler?.run(large, result);
      return result;
    },
  };
}

function resampled(input, output) {
  const resampler = new Resampler(input, output);
  const result = planeOf(output);
  return {
    name: 'bicubic',
    family: 'resampling',
    async run(luma) {
      resampler.run({ ...planeOf(input), data: luma }, result);
      return result;
    },
  };
}

function planeOf({ width, height }) {
  return { width, height, stride: width, data: new Uint8Array(width * height) };
}
