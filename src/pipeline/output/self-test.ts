import { messageOf, SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { probeSample, type Sample } from '../ffmpeg/probe-sample.js';
import { type FrameFormat, fillMiddle, frameBytes } from '../frames/frame.js';
import { rescale } from '../frames/time.js';
import { NOTHING_CARRIED } from './container.js';
import { type EncodePlan, Encoder } from './encode.js';

/** Width and height of the test frames. Some encoders refuse smaller ones, DNxHR's among them. */
const TEST_SIDE = 256;
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
 * What is written is overwritten by the run.
 * @returns undefined where this ffmpeg cannot read the codec
 * @throws SRVID_ENCODER_UNAVAILABLE with what ffmpeg said; SRVID_OUTPUT_FORMAT where the container has lost the pictures
 */
export async function encodedSample(binary: FfmpegBinary, plan: EncodePlan): Promise<Sample | undefined> {
  const { output, encoder, container } = plan;
  // Pictures have a file each, and the place of one is not for two.
  const sampled = container.picture ? { ...plan, output: 'pipe:1', container: { ...container, isSingle: false, options: () => [] } } : plan;
  const isPipe = sampled.output === 'pipe:1';
  const written = await runOnTwoFrames(binary, sampled, isPipe ? 'pipe' : 'ignore');
  const sample = await probeSample(binary, isPipe ? written : output, container.muxer === 'mpegts' ? 'mpegts' : undefined);
  if (sample !== 'nothing') return sample;
  const message = `Two test frames that ${encoder.name} wrote to ${container.muxer} cannot be found in it again: it has no place for this codec. Write .mkv, or choose another encoder.`;
  throw new SrvidError('SRVID_OUTPUT_FORMAT', message, { encoder: encoder.name, container: container.muxer });
}

/** Runs the encoder on frames of the plan's own size where it takes no tiny ones: some know but a few sizes. */
async function runOnTwoFrames(binary: FfmpegBinary, plan: EncodePlan, standardOutput: 'ignore' | 'pipe'): Promise<Buffer> {
  const bare: EncodePlan = { ...plan, clock: plan.clock && { ...plan.clock, startsAtSeconds: 0 }, carry: { from: 'nothing' }, tags: [], sideData: undefined };
  try {
    return await encodeTwoFrames(binary, { ...bare, format: tiny(plan.format) }, standardOutput).catch(() => encodeTwoFrames(binary, bare, standardOutput));
  } catch (error) {
    throw new SrvidError(
      'SRVID_ENCODER_UNAVAILABLE',
      `The encoder ${plan.encoder.name} with these settings does not run on two test frames. ${messageOf(error)} "srvid doctor" lists the encoders that this ffmpeg has.`,
      { encoder: plan.encoder.name },
      error,
    );
  }
}

/** @returns what was written to standard output, where it is a pipe */
async function encodeTwoFrames(binary: FfmpegBinary, plan: EncodePlan, standardOutput: 'ignore' | 'pipe'): Promise<Buffer> {
  const { format, clock, timeBase } = plan;
  const encoder = new Encoder(binary, plan, standardOutput);
  const written: Buffer[] = [];
  if (standardOutput === 'pipe') encoder.written.on('data', (bytes: Buffer) => written.push(bytes));
  try {
    await encoder.open();
    const gray = new Uint8Array(frameBytes(format));
    fillMiddle(gray);
    await encoder.write(0, gray);
    await encoder.write(clock ? rescale(1, clock.timeBase, timeBase) : 1, gray);
    await encoder.finish();
    return Buffer.concat(written);
  } finally {
    await encoder.stop();
  }
}

function tiny(format: FrameFormat): FrameFormat {
  if (format.kind !== 'split') return { ...format, width: TEST_SIDE, height: TEST_SIDE };
  return { ...format, width: TEST_SIDE, height: TEST_SIDE, small: { ...format.small, width: TEST_SIDE / 2, height: TEST_SIDE / 2 } };
}
