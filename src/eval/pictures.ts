import { basename, dirname, join } from 'node:path';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { type FrameFormat, frameBytes, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';
import { planConversion } from '../plugins/pixels/convert.js';
import { CUBIC, LANCZOS3 } from '../plugins/pixels/resample.js';
import type { FrameOrigin, Group } from '../plugins/plan/groups.js';
import { borderOf, type Job, measuredSizes, planFor, runChain } from './chain-run.js';
import { Comparison, type Measured, planarMeasured } from './comparison.js';
import { planDegradation } from './degradation.js';
import { croppedPicture, type Picture, picturesIn, readPicture } from './picture-file.js';
import type { PerMethod } from './report.js';
import { planResize } from './resize.js';

/**
 * Colour for the luma of pictures, as the literature measures it: BT.601, black 16, white 235. Chroma of 4:2:0 lies in the
 * middle of its four pixels. The time base is arbitrary, since pictures have no timestamps.
 */
const ORIGIN: FrameOrigin = { color: { matrix: 'smpte170m', range: 'tv', chromaLocation: 'center' }, timeBase: { num: 1, den: 1 } };

interface Original extends Picture {
  readonly low: Size;
  readonly name: string;
  /** Its number among all pictures, from 0. */
  readonly index: number;
}

/** Evaluates a chain on all pictures of a folder, or on one picture. Each is reduced by the chain's factor, restored by the chain, and measured. */
export async function evaluatePictures(job: Job, binary: FfmpegBinary, path: string, isFolder: boolean): Promise<Comparison> {
  const [folder, names] = isFolder ? [path, await picturesIn(path)] : [dirname(path), [basename(path)]];
  const comparison = new Comparison(borderOf(job.scale), false);
  let read = 0;
  const next = async (): Promise<Original | undefined> => {
    const index = read++;
    const name = names[index];
    if (name === undefined) return undefined;
    const picture = await readPicture(binary, join(folder, name), job.options.stallTimeoutMs, job.options.maxPixels);
    const { size, low } = measuredSizes(`The picture ${name}`, picture, job.scale);
    return { name, index, low, ...croppedPicture(picture, size) };
  };
  const add: Comparison['add'] = (...measured) => {
    comparison.add(...measured);
    job.onItem(comparison.items.length, names.length);
  };
  for (let first = await next(); first !== undefined; ) first = await runOfOneSize(job, first, next, add);
  return comparison;
}

/**
 * Runs consecutive pictures of one size as frames of a stream. Returns the first picture of another size. If the chain
 * uses neighbouring frames, each picture is a stream by itself.
 */
async function runOfOneSize(job: Job, first: Original, next: () => Promise<Original | undefined>, add: Comparison['add']): Promise<Original | undefined> {
  const { groups, small, degrade, truthOf, results } = planOne(job, first);
  const alone = groups.some(({ ordered, window }) => ordered || window.past + window.future > 0);
  const running: { readonly name: string; readonly truth: Measured; readonly reduced: Uint8Array }[] = [];
  let [ahead, started]: [Original | undefined, number] = [first, 0];
  await runChain(job, groups, ORIGIN, {
    next: async (slot) => {
      if (!ahead || ahead.width !== first.width || ahead.height !== first.height || (alone && started > 0)) return undefined;
      const reduced = small(ahead.data);
      const truth = truthOf(ahead.data, reduced);
      degrade?.(reduced, ahead.index);
      slot().set(reduced);
      running.push({ name: ahead.name, truth, reduced });
      ahead = await next();
      return started++;
    },
    take: async (_, bytes) => {
      const { name, truth, reduced } = running.shift() as (typeof running)[number];
      add(name, truth, results(bytes, reduced));
    },
  });
  return ahead;
}

/**
 * Plans the conversions and the chain for pictures of one size. The chain gets 4:2:0 if they are harmed, which is done to
 * its planes; RGB if all its plugins take RGB; else 4:4:4 video. Bicubic and Lanczos enlarge the same planes. Where the chain keeps
 * the size, these planes are what is measured.
 */
function planOne(job: Job, high: Original) {
  const ofRgb = job.chain.plugins.every(({ plugin }) => plugin.planes === 'rgb') ? 'rgb24' : 'yuv444p';
  const kind = job.degradation === undefined ? ofRgb : 'yuv420p';
  const size = { width: high.width, height: high.height };
  const lowSize = high.low;
  const low: PlainFormat = { kind, ...lowSize };
  const whole: PlainFormat = { kind, ...size };
  const { groups, output }: { groups: readonly Group[]; output: FrameFormat } = planFor(job, low, size);
  const [reduce, bicubic, lanczos] = [
    planResize({ kind: 'rgb24', ...size }, { kind: 'rgb24', ...lowSize }, CUBIC),
    planResize(low, whole, CUBIC),
    planResize(low, whole, LANCZOS3),
  ];
  const toLow = planConversion({ kind: 'rgb24', ...lowSize }, low, ORIGIN.color);
  const small = (rgb: Uint8Array) => {
    const reduced = reduce(rgb);
    if (!toLow) return reduced;
    const converted = new Uint8Array(frameBytes(low));
    toLow(reduced, converted);
    return converted;
  };
  const degrade = job.degradation && planDegradation(low, job.degradation);
  if (job.scale === 1) {
    const truthOf = (_: Uint8Array, clean: Uint8Array) => planarMeasured(low, clean.slice());
    const results = (bytes: Uint8Array, given: Uint8Array): PerMethod<Measured> => ({
      srvid: planarMeasured(low, bytes),
      given: planarMeasured(low, given),
    });
    return { groups, small, degrade, truthOf, results };
  }
  const [ofResult, ofBaseline, truthOf] = [planMeasured(output), planMeasured(whole), planMeasured({ kind: 'rgb24', ...size })];
  const results = (bytes: Uint8Array, reduced: Uint8Array): PerMethod<Measured> => ({
    srvid: ofResult(bytes),
    bicubic: ofBaseline(bicubic(reduced)),
    lanczos: ofBaseline(lanczos(reduced)),
  });
  return { groups, small, degrade, truthOf, results };
}

/** Converts frames of a format to luma and RGB. If only the luma was enlarged, the chroma is enlarged by cubic resampling. */
function planMeasured(format: FrameFormat): (bytes: Uint8Array) => Measured {
  const { width, height } = format;
  const as = (kind: 'gray' | 'rgb24') => {
    const target: PlainFormat = { kind, width, height };
    const convert = planConversion(format, target, ORIGIN.color);
    return (bytes: Uint8Array) => {
      const result = convert ? new Uint8Array(frameBytes(target)) : bytes;
      convert?.(bytes, result);
      return planesOf(target, result)[0] as Plane;
    };
  };
  const [luma, rgb] = [as('gray'), as('rgb24')];
  return (bytes) => ({ luma: luma(bytes), rgb: rgb(bytes) });
}
