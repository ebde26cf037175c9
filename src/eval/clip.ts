import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { frameBytes, lumaBytes, lumaFormat, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { ptsToSeconds } from '../pipeline/frames/time.js';
import { Decoder } from '../pipeline/input/decode.js';
import { openSource } from '../pipeline/input/open.js';
import { CUBIC, LANCZOS3 } from '../plugins/pixels/resample.js';
import { borderOf, type Job, measuredSize, methodsFor, planFor, runChain } from './chain-run.js';
import { Comparison, type Measured, planarMeasured } from './comparison.js';
import { addNoise } from './noise.js';
import type { PerMethod } from './report.js';
import { planResize } from './resize.js';

interface Clip {
  readonly comparison: Comparison;
  readonly warnings: readonly string[];
}

/**
 * Evaluates a chain on a clip. Every frame is reduced by the chain's factor, restored by the chain, and its luma is
 * measured. Frames keep the decoder's format, as in a run. Chroma is reduced as well, for plugins that read it, and measured where the
 * chain keeps the size.
 */
export async function evaluateClip(job: Job, binary: FfmpegBinary): Promise<Clip> {
  const { options, scale } = job;
  const { source, bytes } = await openSource(binary, options);
  const { start, duration, inputFormat, stallTimeoutMs } = options;
  const { format, color, timeBase } = source.info;
  const size = measuredSize(`A frame of ${source.url}`, format, scale);
  const low: PlainFormat = { kind: format.kind, width: size.width / scale, height: size.height / scale };
  const { groups } = planFor(job, low, size);
  const total = start === undefined && duration === undefined ? source.expectedFrames : undefined;

  const lowLuma = lumaFormat(low);
  const luma = lumaFormat({ ...format, ...size });
  const reduce = planResize(format, low, CUBIC, size);
  const [bicubic, lanczos] = [planResize(lowLuma, luma, CUBIC), planResize(lowLuma, luma, LANCZOS3)];
  // The luma plane comes first in every output format.
  const measured = (frame: Uint8Array) => ({ luma: planesOf(luma, frame)[0] as Plane });
  const truthOf = (frame: Uint8Array): Measured => {
    if (scale === 1) return planarMeasured(format, frame.slice());
    const plane = planesOf(format, frame)[0] as Plane;
    return { luma: { ...plane, ...size, data: plane.data.slice() } };
  };
  const resultsOf = (result: Uint8Array, reduced: Uint8Array): PerMethod<Measured> =>
    scale === 1
      ? { srvid: planarMeasured(format, result), given: planarMeasured(format, reduced) }
      : { srvid: measured(result), bicubic: measured(bicubic(reduced)), lanczos: measured(lanczos(reduced)) };

  const comparison = new Comparison(methodsFor(job), borderOf(scale), true);
  const running: { readonly truth: Measured; readonly reduced: Uint8Array }[] = [];
  let read = 0;
  const whole = new Uint8Array(frameBytes(format));
  const decoder = new Decoder(binary, source, { start, duration, bytes, format: inputFormat, forwarded: [], salvage: false, stallTimeoutMs });
  try {
    await decoder.open();
    await runChain(
      job,
      groups,
      { color, timeBase },
      {
        next: async (slot) => {
          const pts = await decoder.next(() => whole);
          if (pts === undefined) return undefined;
          const reduced = reduce(whole);
          if (job.noise !== undefined) addNoise(reduced, job.noise, read++);
          slot().set(reduced);
          running.push({ truth: truthOf(whole), reduced: scale === 1 ? reduced : reduced.slice(0, lumaBytes(low)) });
          return pts;
        },
        take: async (pts, result) => {
          const { truth, reduced } = running.shift() as { truth: Measured; reduced: Uint8Array };
          // Frames of a cut count from where it begins, the report from where the clip does.
          const seconds = Number((ptsToSeconds(pts, timeBase) - source.shiftSeconds + (start ?? 0)).toFixed(6));
          comparison.add(seconds, truth, resultsOf(result, reduced));
          job.onItem(comparison.items.length, total);
        },
      },
    );
  } finally {
    await decoder.stop();
  }
  return { comparison, warnings: [...source.losses, ...decoder.log.map((line) => `While decoding, ffmpeg said: ${line}`)] };
}
