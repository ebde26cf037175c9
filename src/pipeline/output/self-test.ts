import { extname } from 'node:path';
import { messageOf, SrvidError } from '../../errors.js';
import { codecOf, type FfmpegBinary } from '../ffmpeg/binary.js';
import { keep, recall } from '../ffmpeg/build-answers.js';
import { probeSample, type Sample, sampleSchema, showsHalves } from '../ffmpeg/probe-sample.js';
import { type FrameFormat, fillMiddle, frameBytes, lumaBytes } from '../frames/frame.js';
import { rescale } from '../frames/time.js';
import { NOTHING_CARRIED } from './container.js';
import { Encoder } from './encode.js';
import type { EncodePlan } from './encode-plan.js';
import { encodeCommand } from './mux-options.js';

/** Width and height of the test frames. Some encoders refuse smaller ones, DNxHR's among them. */
const TEST_SIDE = 256;
/** Luma of the test frames, by which a reader's picture is known: dark above, light below. */
const [DARK, LIGHT] = [64, 192];
const NULL_CONTAINER = { ...NOTHING_CARRIED, muxer: 'null', options: () => [] };

/**
 * Runs the encoder of a plan, with its filter graph and settings, on two tiny frames, so that an unfit ffmpeg is
 * reported before any work.
 * @throws SRVID_ENCODER_UNAVAILABLE with what ffmpeg said
 */
export async function testEncoder(binary: FfmpegBinary, plan: EncodePlan): Promise<void> {
  await runOnTwoFrames(binary, { ...plan, container: NULL_CONTAINER, output: 'pipe:1' }, 'ignore');
}

/**
 * Writes two tiny frames by a plan, into its own container at its own place, and reads them as any other program would.
 * What is written is overwritten by the run. What a reader has found `as before`, by the same programs and the same plan, is
 * recalled, and nothing is written. Where `signal` ends it, it rejects once nothing writes there any more.
 * @returns undefined where this ffmpeg cannot read the codec
 * @throws SRVID_ENCODER_UNAVAILABLE with what ffmpeg said; SRVID_OUTPUT_FORMAT where the container has lost the pictures
 */
export async function encodedSample(binary: FfmpegBinary, plan: EncodePlan, look: 'anew' | 'as before', signal?: AbortSignal): Promise<Sample | undefined> {
  const programs = [binary.ffmpeg, binary.ffprobe];
  const about = `the sample in halves of ${nameOf(binary, plan)}`;
  const known = look === 'as before' ? sampleSchema.safeParse(await recall(programs, about)) : undefined;
  if (known?.success) return known.data;
  const { sample, isTiny } = await readSample(binary, plan, signal);
  // An encoder that takes some sizes alone must be asked for each.
  if (sample && isTiny && look === 'as before') await keep(programs, about, sample);
  return sample;
}

/** Everything on which a sample depends, beside the programs. The place of the output and the length of the video are no part of it. */
function nameOf(binary: FfmpegBinary, plan: EncodePlan): string {
  const { format, frameRate, clock, endSeconds, output, ...rest } = bare(plan);
  const asked = { ...rest, frameRate, clock, format: tiny(format), endSeconds: endSeconds && 1, output: output === 'pipe:1' ? output : extname(output) };
  return JSON.stringify([encodeCommand(asked, binary), frameRate, clock, format.kind]);
}

async function readSample(
  binary: FfmpegBinary,
  plan: EncodePlan,
  signal: AbortSignal | undefined,
): Promise<{ readonly sample: Sample | undefined; readonly isTiny: boolean }> {
  const { output, encoder, container } = plan;
  // Pictures have a file each, and the place of one is not for two.
  const sampled = container.picture ? { ...plan, output: 'pipe:1', container: { ...container, isSingle: false, options: () => [] } } : plan;
  const isPipe = sampled.output === 'pipe:1';
  const { written, isTiny } = await runOnTwoFrames(binary, sampled, isPipe ? 'pipe' : 'ignore', signal);
  const [video, demuxer] = [isPipe ? written : output, container.muxer === 'mpegts' ? 'mpegts' : undefined];
  const sample = await probeSample(binary, video, demuxer);
  if (sample === 'nothing') throw noPlace(plan, 'cannot be found in it again');
  // Some codecs go by another name in a container, and some pass for another codec there, which shows other pictures.
  if (sample && sample.codec !== (await codecOf(binary, encoder.name)) && !(await showsHalves(binary, video, demuxer)))
    throw noPlace(plan, `are taken for ${sample.codec} there, and show another picture`);
  return { sample, isTiny };
}

function noPlace({ encoder, container: { muxer } }: EncodePlan, found: string): SrvidError {
  const message = `Two test frames that ${encoder.name} wrote to ${muxer} ${found}: it has no place for this codec. Write .mkv, or choose another encoder.`;
  return new SrvidError('SRVID_OUTPUT_FORMAT', message, { encoder: encoder.name, container: muxer });
}

/** Two frames as an encoder took them. */
interface TwoFrames {
  /** The bytes that went to standard output, where it is a pipe. */
  readonly written: Buffer;
  /** They were tiny; else of the plan's own size. */
  readonly isTiny: boolean;
}

/** Runs the encoder on frames of the plan's own size where it takes no tiny ones: some know but a few sizes. */
async function runOnTwoFrames(binary: FfmpegBinary, plan: EncodePlan, standardOutput: 'ignore' | 'pipe', signal?: AbortSignal): Promise<TwoFrames> {
  const whole = bare(plan);
  const encode = (format: FrameFormat) => encodeTwoFrames(binary, { ...whole, format }, standardOutput, signal);
  try {
    const small = await encode(tiny(plan.format)).catch(() => undefined);
    return { written: small ?? (await encode(plan.format)), isTiny: small !== undefined };
  } catch (error) {
    throw new SrvidError(
      'SRVID_ENCODER_UNAVAILABLE',
      `The encoder ${plan.encoder.name} with these settings does not run on two test frames. ${messageOf(error)} "srvid doctor" lists the encoders that this ffmpeg has.`,
      { encoder: plan.encoder.name },
      error,
    );
  }
}

/** The plan without what is carried along, from time 0. */
function bare(plan: EncodePlan): EncodePlan {
  return { ...plan, clock: plan.clock && { ...plan.clock, startsAtSeconds: 0 }, carry: { from: 'nothing' }, tags: [], sideData: undefined };
}

/** @returns what was written to standard output, where it is a pipe */
async function encodeTwoFrames(binary: FfmpegBinary, plan: EncodePlan, standardOutput: 'ignore' | 'pipe', signal: AbortSignal | undefined): Promise<Buffer> {
  signal?.throwIfAborted();
  const { format, clock, timeBase } = plan;
  const encoder = new Encoder(binary, plan, standardOutput);
  const stop = () => void encoder.stop();
  signal?.addEventListener('abort', stop, { once: true });
  const written: Buffer[] = [];
  if (standardOutput === 'pipe') encoder.written.on('data', (bytes: Buffer) => written.push(bytes));
  try {
    await encoder.open();
    const picture = halves(format);
    await encoder.write(0, picture);
    await encoder.write(clock ? rescale(1, clock.timeBase, timeBase) : 1, picture);
    await encoder.finish();
    return Buffer.concat(written);
  } finally {
    signal?.removeEventListener('abort', stop);
    await encoder.stop();
  }
}

/** A frame without colours, dark above and light below. */
function halves(format: FrameFormat): Uint8Array {
  const [bytes, luma] = [new Uint8Array(frameBytes(format)), lumaBytes(format)];
  fillMiddle(bytes);
  bytes.fill(DARK, 0, luma / 2);
  bytes.fill(LIGHT, luma / 2, luma);
  return bytes;
}

function tiny(format: FrameFormat): FrameFormat {
  if (format.kind !== 'split') return { ...format, width: TEST_SIDE, height: TEST_SIDE };
  return { ...format, width: TEST_SIDE, height: TEST_SIDE, small: { ...format.small, width: TEST_SIDE / 2, height: TEST_SIDE / 2 } };
}
