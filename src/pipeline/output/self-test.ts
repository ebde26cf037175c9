import { messageOf, SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { type FrameFormat, fillMiddle, frameBytes } from '../frames/frame.js';
import { rescale } from '../frames/time.js';
import { NOTHING_CARRIED } from './container.js';
import { type EncodePlan, Encoder } from './encode.js';

/** Width and height of the test frames. Some hardware encoders refuse smaller ones. */
const TEST_SIDE = 192;
const NULL_CONTAINER = { ...NOTHING_CARRIED, muxer: 'null', options: () => [] };

/**
 * Runs the encoder of a plan, with its filter graph and settings, on two tiny frames, so that an unfit ffmpeg is
 * reported before any work.
 * @throws SRVID_ENCODER_UNAVAILABLE with what ffmpeg said
 */
export async function testEncoder(binary: FfmpegBinary, plan: EncodePlan): Promise<void> {
  const format = tiny(plan.format);
  const clock = plan.clock && { ...plan.clock, startsAtSeconds: 0 };
  const encoder = new Encoder(binary, { ...plan, clock, format, carry: { from: 'nothing' }, container: NULL_CONTAINER, output: 'pipe:1' }, 'ignore');
  try {
    await encoder.open();
    const gray = new Uint8Array(frameBytes(format));
    fillMiddle(gray);
    await encoder.write(0, gray);
    await encoder.write(plan.clock ? rescale(1, plan.clock.timeBase, plan.timeBase) : 1, gray);
    await encoder.finish();
  } catch (error) {
    throw new SrvidError(
      'SRVID_ENCODER_UNAVAILABLE',
      `The encoder ${plan.encoder.name} with these settings does not run on two test frames. ${messageOf(error)} "srvid doctor" lists the encoders that this ffmpeg has.`,
      { encoder: plan.encoder.name },
      error,
    );
  } finally {
    await encoder.stop();
  }
}

function tiny(format: FrameFormat): FrameFormat {
  if (format.kind !== 'split') return { ...format, width: TEST_SIDE, height: TEST_SIDE };
  return { ...format, width: TEST_SIDE, height: TEST_SIDE, small: { ...format.small, width: TEST_SIDE / 2, height: TEST_SIDE / 2 } };
}
