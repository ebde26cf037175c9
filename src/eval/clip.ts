import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { frameBytes, lumaBytes, lumaFormat, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { ptsToSeconds } from '../pipeline/frames/time.js';
import { Decoder } from '../pipeline/input/decode.js';
import { openSource } from '../pipeline/input/open.js';
import { CUBIC, LANCZOS3 } from '../plugins/pixels/resample.js';
import { type Job, measuredSize, planFor, runChain } from './chain-run.js';
import { Comparison } from './comparison.js';
import { planResize } from './resize.js';

interface Clip {
  readonly comparison: Comparison;
  readonly warnings: readonly string[];
}

/**
 * Evaluates a chain on a clip. Every frame is reduced by the chain's factor, restored by the chain, and its luma is
 * measured. Frames keep the decoder's format, as in a run. Chroma is reduced as well, for plugins that read it.
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
  const measured = (frame: Uint8Array) => ({ luma: planesOf(luma, frame)[0] as Plane });

  const comparison = new Comparison(scale, true);
  const running: { readonly truth: Plane; readonly reduced: Uint8Array }[] = [];
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
          slot().set(reduced);
          const plane = planesOf(format, whole)[0] as Plane;
          running.push({ truth: { ...plane, ...size, data: plane.data.slice() }, reduced: reduced.slice(0, lumaBytes(low)) });
          return pts;
        },
        // The luma plane comes first in every output format.
        take: async (pts, result) => {
          const { truth, reduced } = running.shift() as { truth: Plane; reduced: Uint8Array };
          // Frames of a cut count from where it begins, the report from where the clip does.
          const seconds = Number((ptsToSeconds(pts, timeBase) - source.shiftSeconds + (start ?? 0)).toFixed(6));
          comparison.add(seconds, { luma: truth }, { srvid: measured(result), bicubic: measured(bicubic(reduced)), lanczos: measured(lanczos(reduced)) });
          job.onItem(comparison.items.length, total);
        },
      },
    );
  } finally {
    await decoder.stop();
  }
  return { comparison, warnings: [...source.losses, ...decoder.log.map((line) => `While decoding, ffmpeg said: ${line}`)] };
}
