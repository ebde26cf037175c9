import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { frameBytes, lumaBytes, lumaFormat, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { ptsToSeconds } from '../pipeline/frames/time.js';
import { Decoder } from '../pipeline/input/decode.js';
import { type OpenedSource, openSource } from '../pipeline/input/open.js';
import { CUBIC, LANCZOS3 } from '../plugins/pixels/resample.js';
import type { Chain } from '../plugins/plan/chain.js';
import { borderOf, type Job, measuredSizes, planFor, runChain } from './chain-run.js';
import type { MeasuredChains } from './chains.js';
import { ClipScores } from './clip-scores.js';
import { type Comparison, type Measured, planarMeasured } from './comparison.js';
import { CompressedClip } from './compressed.js';
import { planDegradation } from './degradation.js';
import type { Method, PerMethod } from './report.js';
import { planResize, type Resize } from './resize.js';

interface Clip {
  readonly comparison: Comparison;
  /** VMAF of each method. Undefined where this ffmpeg has no libvmaf. */
  readonly vmaf: Partial<Record<Method, number>> | undefined;
  readonly warnings: readonly string[];
  readonly measured: MeasuredChains;
}

/**
 * Evaluates a chain on a clip. Every frame is reduced by the chain's factor, is harmed and compressed if that is asked for, is
 * restored by the chain, and its luma is measured. Frames keep the decoder's format, as in a run. Chroma is reduced as well, for
 * plugins that read it, and measured where the chain keeps the size.
 */
export async function evaluateClip(job: Job, binary: FfmpegBinary): Promise<Clip> {
  const { options, scale, signal } = job;
  const opened = await openSource(binary, options);
  const { format } = opened.source.info;
  // Encoders take even sides.
  const { size, low: lowSize } = measuredSizes(`A frame of ${opened.source.url}`, format, scale, options.compress ? 2 : 1);
  const low: PlainFormat = { kind: format.kind, ...lowSize };
  const reduce = withHarm(planResize(format, low, CUBIC, size), low, job);
  const scores = await ClipScores.of(binary, size, borderOf(scale));
  try {
    const { warnings, measured } = options.compress
      ? await measureCompressed(job, binary, opened, scores, { size, low, reduce })
      : { warnings: await measure(job, binary, opened, scores, { size, low, reduced: async (whole) => reduce(whole) }), measured: { chain: job.chain } };
    signal.throwIfAborted();
    return { comparison: scores.comparison, vmaf: await scores.vmaf(), warnings, measured };
  } finally {
    await scores.stop();
  }
}

/** Compresses the small frames and measures what becomes of them, by the chains that are chosen for them. `warnings` are a sentence each. */
async function measureCompressed(
  job: Job,
  binary: FfmpegBinary,
  opened: OpenedSource,
  scores: ClipScores,
  { size, low, reduce }: Omit<Small, 'reduced'> & { readonly reduce: Resize },
): Promise<Pick<Clip, 'warnings' | 'measured'>> {
  const compressed = await compress(job, binary, opened, low, reduce);
  const onCompressed = async (chain: Chain, again: boolean) => {
    const { next, stop } = await compressed.read();
    try {
      return await measure({ ...job, chain }, binary, opened, scores, { size, low: compressed.format, reduced: next }, again);
    } finally {
      await stop();
    }
  };
  try {
    job.signal.throwIfAborted();
    const measured = await job.chainsOn(() => compressed.compression(job.signal));
    const warnings = await onCompressed(measured.chain, false);
    if (measured.videoChain) await onCompressed(measured.videoChain, true);
    return { warnings, measured };
  } finally {
    await compressed.remove();
  }
}

/** Small frames, and the part of the originals that they show. */
interface Small {
  readonly size: { readonly width: number; readonly height: number };
  readonly low: PlainFormat;
  /** Gives the small form of the next frame, in new memory. */
  readonly reduced: (whole: Uint8Array) => Promise<Uint8Array>;
}

/**
 * Runs the clip through the job's chain once, and measures it beside the filters, or `again` as the second method on the same frames.
 * @returns warnings, a sentence each
 */
async function measure(
  job: Job,
  binary: FfmpegBinary,
  { source, bytes }: OpenedSource,
  scores: ClipScores,
  { size, low, reduced }: Small,
  again = false,
): Promise<string[]> {
  const { start, duration } = job.options;
  const { format, color, timeBase } = source.info;
  const { groups } = planFor(job, low, size);
  const total = start === undefined && duration === undefined ? source.expectedFrames : undefined;
  const lowLuma = lumaFormat(low);
  const luma = lumaFormat({ ...format, ...size });
  const [bicubic, lanczos] = [planResize(lowLuma, luma, CUBIC), planResize(lowLuma, luma, LANCZOS3)];
  // The luma plane comes first in every output format.
  const measured = (frame: Uint8Array) => ({ luma: planesOf(luma, frame)[0] as Plane });
  const kept = job.scale === 1;
  const truthOf = (frame: Uint8Array): Measured => {
    if (kept && low.kind === format.kind) return planarMeasured(format, frame.slice());
    const plane = planesOf(format, frame)[0] as Plane;
    return { luma: { ...plane, ...size, data: plane.data.slice() } };
  };
  const resultsOf = (result: Uint8Array, small: Uint8Array): PerMethod<Measured> =>
    kept
      ? { srvid: planarMeasured(low, result), given: planarMeasured(low, small) }
      : { srvid: measured(result), bicubic: measured(bicubic(small)), lanczos: measured(lanczos(small)) };

  let measuredFrames = 0;
  const running: { readonly truth: Measured; readonly small: Uint8Array }[] = [];
  const whole = new Uint8Array(frameBytes(format));
  const decoder = decoderOf(job, binary, { source, bytes });
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
          const small = await reduced(whole);
          slot().set(small);
          running.push({ truth: truthOf(whole), small: kept ? small : small.slice(0, lumaBytes(low)) });
          return pts;
        },
        take: async (pts, result) => {
          const { truth, small } = running.shift() as (typeof running)[number];
          // Frames of a cut count from where it begins, the report from where the clip does.
          const seconds = Number((ptsToSeconds(pts, timeBase) - source.shiftSeconds + (start ?? 0)).toFixed(6));
          if (again) await scores.addTo(measuredFrames, truth, 'srvid-video', resultsOf(result, small).srvid);
          else await scores.add(seconds, truth, resultsOf(result, small));
          job.onItem(++measuredFrames, total);
        },
      },
    );
  } finally {
    await decoder.stop();
  }
  return [...source.losses, ...decoder.log.map((line) => `While decoding, ffmpeg said: ${line}`)];
}

/** Harms reduced frames, where it is asked for: frame n has the noise of seed n. */
function withHarm(reduce: Resize, low: PlainFormat, { degradation }: Job): Resize {
  if (degradation === undefined) return reduce;
  const degrade = planDegradation(low, degradation);
  let seed = 0;
  return (whole) => {
    const small = reduce(whole);
    degrade(small, seed++);
    return small;
  };
}

/** The clip's small frames as an encoder leaves them. @throws SRVID_OPTION_INVALID for a source that can be read only once */
async function compress(job: Job, binary: FfmpegBinary, { source }: OpenedSource, low: PlainFormat, reduce: Resize): Promise<CompressedClip> {
  const { options, signal } = job;
  const whole = new Uint8Array(frameBytes(source.info.format));
  const decoder = decoderOf(job, binary, { source, bytes: undefined });
  const next = async () => {
    signal.throwIfAborted();
    return (await decoder.next(() => whole)) === undefined ? undefined : reduce(whole);
  };
  try {
    await decoder.open();
    return await CompressedClip.of({ source, format: low, next }, options.compress as NonNullable<typeof options.compress>, binary, options);
  } finally {
    await decoder.stop();
  }
}

function decoderOf({ options }: Job, binary: FfmpegBinary, { source, bytes }: Pick<OpenedSource, 'source' | 'bytes'>): Decoder {
  const { start, duration, inputFormat, stallTimeoutMs } = options;
  return new Decoder(binary, source, { start, duration, bytes, format: inputFormat, forwarded: [], salvage: false, stallTimeoutMs });
}
