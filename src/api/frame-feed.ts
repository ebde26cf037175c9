import { SrvidError } from '../errors.js';
import type { EvaluationOptions } from '../options/session.js';
import { Durations } from '../pipeline/frames/durations.js';
import { formatRational, inverse, ptsToSeconds, type Rational, rational, toNumber } from '../pipeline/frames/time.js';
import { withTimeout } from '../pipeline/frames/timeout.js';
import { accepted, type OpenedSource } from '../pipeline/input/open.js';
import type { SourceReader } from '../pipeline/input/reader.js';
import type { Source } from '../pipeline/input/source.js';
import type { InputFrame } from './frame.js';
import { badFrame, checkFrame, FROM_RGB, FrameCopier, isRgb } from './given-frame.js';

const DEFAULT_RATE = 25;
const PATIENCE_MS = 800;
/** Ticks a second up to which a time base is taken for one frame a tick. */
const FASTEST_RATE = 300;

/** Frames that a program gives, in the place of an ffmpeg that decodes. The next frame is asked for when there is room for it. */
export class FrameFeed implements SourceReader {
  readonly waits = new Durations();
  readonly forwarded = [];
  readonly log = [];
  readonly otherShape = undefined;
  readonly hasLateCaptions = false;
  #frames = 0;
  #lastPts = -1;

  private constructor(
    private readonly iterator: AsyncIterator<unknown> | Iterator<unknown>,
    private first: InputFrame | undefined,
    private readonly copier: FrameCopier,
    private readonly timeBase: Rational,
  ) {}

  /**
   * Asks for the first frame, which says what the others are.
   * @throws SRVID_FRAME_INVALID; SRVID_INPUT_EMPTY where there is none; the program's own errors
   */
  static async open(iterator: AsyncIterator<unknown> | Iterator<unknown>, first: unknown, options: EvaluationOptions): Promise<OpenedSource> {
    const cut = ['start', 'duration'].filter((name) => options[name as 'start' | 'duration'] !== undefined);
    if (cut.length > 0)
      throw new SrvidError('SRVID_OPTION_INVALID', `${cut.join(' and ')} cut a file, and the input is frames of the program: leave out the frames there.`);
    checkFrame(first, 0);
    const copier = new FrameCopier(first);
    const timeBase = timeBaseOf(first, options);
    const reader = new FrameFeed(iterator, first, copier, timeBase);
    const source = accepted(describeFrames(first, copier, timeBase, options), { ...options, keepStart: true });
    return { source, bytes: undefined, head: undefined, reader };
  }

  get frames(): number {
    return this.#frames;
  }

  /** The first frame is there already. */
  async open(): Promise<void> {}

  /** Frames bring no packets along. */
  forwardTo(): void {}

  /** Copies the next frame into the memory that `slot` gives. @returns its pts; undefined at the end */
  async next(slot: () => Uint8Array): Promise<number | undefined> {
    const since = performance.now();
    const frame = await this.#take();
    if (frame === undefined) return undefined;
    this.waits.add(performance.now() - since);
    const index = this.#frames++;
    checkFrame(frame, index);
    this.copier.copy(frame, index, slot());
    return this.#ptsOf(frame, index);
  }

  /** Tells the program that no more is asked for, and waits a moment for what it tidies up. One that hangs is left alone. */
  async stop(): Promise<void> {
    const ended = Promise.resolve(this.iterator.return?.()).then(() => {});
    await withTimeout(ended, PATIENCE_MS, () => new Error('too late')).catch(() => {});
  }

  async #take(): Promise<unknown> {
    if (this.first === undefined) {
      const { value, done } = await this.iterator.next();
      return done ? undefined : value;
    }
    const { first } = this;
    this.first = undefined;
    return first;
  }

  #ptsOf({ pts = this.#lastPts + 1, timeBase }: InputFrame, index: number): number {
    if (timeBase && timeBase.num * this.timeBase.den !== timeBase.den * this.timeBase.num)
      throw badFrame(index, `its time base is ${formatRational(timeBase)}, and that of those before it is ${formatRational(this.timeBase)}`);
    if (!Number.isSafeInteger(pts) || pts < 0) throw badFrame(index, `its pts is ${pts}; expected a whole number of ticks from 0`);
    if (pts <= this.#lastPts) throw badFrame(index, `its pts is ${pts}, not later than ${this.#lastPts}, that of the one before it`);
    this.#lastPts = pts;
    return pts;
  }
}

function timeBaseOf({ pts, timeBase }: InputFrame, { frameRate }: EvaluationOptions): Rational {
  if (timeBase && Number.isSafeInteger(timeBase.num) && Number.isSafeInteger(timeBase.den) && timeBase.num > 0 && timeBase.den > 0)
    return rational(timeBase.num, timeBase.den);
  if (timeBase) throw badFrame(0, `its time base is ${JSON.stringify(timeBase)}; expected { num, den }, seconds a tick, such as { num: 1, den: 25 }`);
  if (pts !== undefined) throw badFrame(0, 'it has a pts, and no timeBase that says how long a tick is');
  return inverse(rateOf(frameRate ?? DEFAULT_RATE));
}

/** A rate as a fraction; 23.976, 29.97 and their like are those of NTSC. */
function rateOf(rate: number): Rational {
  const ntsc = Math.round(rate * 1.001);
  return Math.abs((ntsc * 1000) / 1001 - rate) < 0.002 && !Number.isInteger(rate) ? rational(ntsc * 1000, 1001) : rational(Math.round(rate * 1000), 1000);
}

function describeFrames(first: InputFrame, { target }: FrameCopier, timeBase: Rational, { frameRate }: EvaluationOptions): Source {
  const { format, color = {}, sampleAspect } = first;
  const perTick = inverse(timeBase);
  const given = frameRate === undefined ? first.frameRate : rateOf(frameRate);
  const rate = given ?? (toNumber(perTick) <= FASTEST_RATE ? perTick : rateOf(DEFAULT_RATE));
  const { primaries, transfer } = color;
  const text = formatRational(rate);
  const video = {
    ...{ index: 0, codec_type: 'video', codec_name: 'rawvideo', pix_fmt: target.kind, width: target.width, height: target.height },
    ...{ r_frame_rate: text, avg_frame_rate: text, time_base: formatRational(timeBase), start_time: String(ptsToSeconds(first.pts ?? 0, timeBase)) },
  };
  return {
    url: "the program's frames",
    probe: {
      ...{ input: { url: 'pipe:0', options: [] }, streams: [video], chapters: 0, tags: {}, formatName: 'frames' },
      ...{ durationSeconds: undefined, startSeconds: undefined },
    },
    video,
    info: { format: target, color: isRgb(format) ? { ...FROM_RGB, primaries, transfer } : color, timeBase, frameRate: rate, sampleAspect },
    ...{ decodeFormat: target.kind, hasTimestamps: true, countsFields: false, keepsClock: true, clockJumps: false, endsAtSeconds: undefined, shiftSeconds: 0 },
    ...{ expectedFrames: undefined, filters: [], losses: lossesOf(format) },
  };
}

function lossesOf(format: InputFrame['format']): string[] {
  return [
    ...(isRgb(format) ? [`The source is RGB (${format}); it is converted to yuv444p by BT.709, which rounds colours.`] : []),
    ...(format === 'rgba' ? ['The source has transparency (rgba), which is lost.'] : []),
  ];
}
