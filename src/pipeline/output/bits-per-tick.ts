import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { keep, recall } from '../ffmpeg/build-answers.js';
import { runTool } from '../ffmpeg/tied-process.js';
import { fillMiddle, frameBytes, lumaBytes, type PlainFormat } from '../frames/frame.js';
import { toNumber } from '../frames/time.js';
import { PATIENCE_MS } from '../frames/timeout.js';
import type { EncodePlan, EncoderSettings } from './encode-plan.js';
import { codedTimeBase } from './mux-options.js';

/** Encoders that share out their bits by ticks in some versions of ffmpeg: MPEG-4's family before 6.1, Theora, Xvid and VC-2 in all. */
const SUSPECTS = /^(mpeg4|msmpeg4(v2)?|wmv[12]|flv|h26[13]p?|rv[12]0|mjpeg|amv|speedhq|snow|vc2|libtheora|libxvid)$/;
/** Options that count bits a second. */
const RATES = ['b', 'minrate', 'maxrate'];
/** Options that ask for a quality instead. */
const QUALITIES = ['q', 'global_quality'];
/** ffmpeg's bits a second where nobody says them, but for VC-2's. */
const DEFAULT_BITS = '200k';
const DEFAULT_BITS_OF: Readonly<Record<string, string>> = { vc2: '600M' };

/** A size that all of them take, H.261 among them. */
const TRIAL: PlainFormat = { kind: 'yuv420p', width: 352, height: 288 };
const TRIAL_FRAMES = 8;
/** The same frames become this much smaller in finer ticks, or are refused, where bits are shared out by ticks. */
const SMALLER = 0.95;

/**
 * The encoder's settings for a plan whose ticks are finer than its frames. Encoders that take each tick for a frame would give a frame of 25
 * a second, counted in milliseconds, one fortieth of its bits. So their bits a second are multiplied.
 */
export async function ratedSettings(binary: FfmpegBinary, plan: EncodePlan): Promise<EncoderSettings> {
  const { name, options } = plan.encoder;
  const ticksPerFrame = 1 / (toNumber(codedTimeBase(plan)) * toNumber(plan.frameRate));
  const isRated = ticksPerFrame > 1.01 && SUSPECTS.test(name) && !options.some(([option]) => QUALITIES.includes(option));
  if (!isRated || !(await sharesBitsByTicks(binary, name))) return plan.encoder;
  const said = options.some(([option]) => option === 'b') ? options : [['b', DEFAULT_BITS_OF[name] ?? DEFAULT_BITS] as const, ...options];
  // ffmpeg reads a number as an expression.
  return { name, options: said.map(([option, value]) => [option, RATES.includes(option) ? `(${value})*${ticksPerFrame}` : value] as const) };
}

/** Tries an encoder on the same frames in ticks of a frame and in finer ones. The answer is kept with the build of ffmpeg. */
async function sharesBitsByTicks({ ffmpeg }: FfmpegBinary, encoder: string): Promise<boolean> {
  const about = `whether ${encoder} shares out its bits by ticks`;
  const known = await recall([ffmpeg], about);
  if (typeof known === 'boolean') return known;
  const input = trialFrames();
  const [coarse, fine] = await Promise.all(['1:25', '1:1000'].map((timeBase) => codedBytes(ffmpeg, encoder, timeBase, input)));
  // What a machine without time for it says would be kept for good.
  if (coarse === 'late' || fine === 'late') return false;
  const byTicks = coarse !== undefined && (fine ?? 0) < coarse * SMALLER;
  await keep([ffmpeg], about, byTicks);
  return byTicks;
}

/** @returns undefined where the encoder does not take the frames */
async function codedBytes(ffmpeg: string, encoder: string, timeBase: string, input: Uint8Array): Promise<number | 'late' | undefined> {
  const frames = ['-f', 'rawvideo', '-pix_fmt', TRIAL.kind, '-s', `${TRIAL.width}x${TRIAL.height}`, '-r', '25', '-i', 'pipe:0'];
  const coded = ['-fps_mode', 'passthrough', '-enc_time_base', timeBase, '-strict', 'experimental', '-c:v', encoder, '-b:v', '2M', '-f', 'rawvideo', 'pipe:1'];
  try {
    const how = { input, encoding: 'buffer', maxBuffer: 1 << 26, timeout: PATIENCE_MS } as const;
    return (await runTool(ffmpeg, ['-v', 'error', ...frames, ...coded], how)).stdout.length;
  } catch (error) {
    return (error as { killed?: boolean }).killed ? 'late' : undefined;
  }
}

/** Moving texture, of which more bits make a better picture. */
function trialFrames(): Uint8Array {
  const size = frameBytes(TRIAL);
  const bytes = new Uint8Array(size * TRIAL_FRAMES);
  fillMiddle(bytes);
  for (let frame = 0; frame < TRIAL_FRAMES; frame++)
    for (let at = 0; at < lumaBytes(TRIAL); at++) {
      const [x, y] = [at % TRIAL.width, Math.floor(at / TRIAL.width)];
      bytes[frame * size + at] = ((x + 4 * frame) * (y + 2 * frame)) >> 4;
    }
  return bytes;
}
