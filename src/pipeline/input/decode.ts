import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { commandArguments } from '../ffmpeg/command.js';
import { ANALYSE_BYTES, ANALYSE_MICROSECONDS } from '../ffmpeg/probe.js';
import { FfmpegProcess } from '../ffmpeg/process.js';
import { Durations } from '../frames/durations.js';
import { describeFormat, frameBytes } from '../frames/frame.js';
import { formatRational, parseRational, ptsToSeconds, rescale, toNumber } from '../frames/time.js';
import { withTimeout } from '../frames/timeout.js';
import { NutReader } from '../nut/reader.js';
import type { NutStream } from '../nut/syntax.js';
import { type Cut, planCut, type TimeRange } from './cut.js';
import { clockMayRestart, watching } from './joined-clock.js';
import { captionsWatch, isOfEmptyOutput, printsCaptions } from './late-captions.js';
import type { Source } from './source.js';
import { isIdle, printedShape } from './steady.js';

/** A packet that is not processed and goes to the output unchanged, such as one of sound. */
export interface ForwardedPacket {
  /** Index into `Decoder.forwarded`. */
  readonly stream: number;
  /** Presentation time, in ticks of that stream's time base. */
  readonly pts: number;
  readonly data: Uint8Array;
}

/** Options of a decoder: the part to read, its input where that is no file, and its limits. */
export interface DecoderOptions extends TimeRange {
  /** A planned reading, in place of the one that follows from the range. */
  readonly cut?: Cut | undefined;
  /** The bytes of a source that can be read only once. Its sound then comes through the same pipe as its frames. */
  readonly bytes?: Readable | undefined;
  /** The error with which those bytes broke off, which ffmpeg takes for their end. */
  readonly failure?: (() => unknown) | undefined;
  /** ffmpeg's demuxer, where it cannot be recognised from the bytes. */
  readonly format?: string | undefined;
  /** A live source: ffmpeg begins at once, and reads no more ahead than a frame needs. */
  readonly live?: boolean;
  /** Streams of those bytes to pass on unchanged, by their index in the source. */
  readonly forwarded: readonly number[];
  /** Streams that another ffmpeg takes from the same file, by their index in the source. */
  readonly beside?: readonly number[];
  /** Keeps decoding after errors that would make ffmpeg stop. */
  readonly salvage: boolean;
  /**
   * Time without data from ffmpeg after which it counts as hung. It does not apply to standard input, which may be
   * silent for any time.
   */
  readonly stallTimeoutMs: number;
}

/** Time in which an ffmpeg whose output breaks off may end. */
const DYING_MS = 1000;
/** The message of the crop filter that refuses frames of another size. */
const SIZE_CHANGED = /too big or non positive size/;
/** Frames that follow one another faster than this are no video: their clock stands still. */
const FASTEST_SECONDS = 1 / 20_000;
/** Frames that one packet out of order may crowd at one time. */
const STANDING_FRAMES = 12;
const MAX_FORWARDED_BYTES = 1 << 24;

/** One ffmpeg that decodes a source: its frames one by one, each with its exact pts. */
export class Decoder {
  /** Waiting time of the pipeline for each frame from ffmpeg. */
  readonly waits = new Durations();
  readonly #process: FfmpegProcess;
  readonly #reader: NutReader;
  readonly #bytesIn: Promise<void> | undefined;
  #forward: ((packet: ForwardedPacket) => Promise<void>) | undefined;
  #frames = 0;
  #lastPts = 0;
  #standing = 0;
  /** The first frame's pts, where frames are counted from it. */
  #zero = 0;

  constructor(
    binary: FfmpegBinary,
    private readonly source: Source,
    private readonly options: DecoderOptions,
  ) {
    this.#process = new FfmpegProcess({
      path: binary.ffmpeg,
      args: commandArguments(decodeCommand(source, options)),
      purpose: `decode ${source.url}`,
      failure: 'SRVID_DECODE_FAILED',
      stdio: [options.bytes ? 'pipe' : 'ignore', 'pipe'],
    });
    this.#reader = new NutReader(this.#process.readable(1), Math.max(frameBytes(source.info.format), MAX_FORWARDED_BYTES));
    if (options.bytes) this.#bytesIn = pipeline(options.bytes, this.#process.writable(0)).catch(() => {}); // ffmpeg may have enough before the end.
  }

  /** The streams that are passed on; known once `open` has resolved. */
  get forwarded(): readonly NutStream[] {
    return this.#reader.streams.slice(1);
  }

  /** Sets the receiver of forwarded packets; to be called before the first frame is read. */
  forwardTo(target: (packet: ForwardedPacket) => Promise<void>): void {
    this.#forward = target;
  }

  /** Frames read so far. */
  get frames(): number {
    return this.#frames;
  }

  /** The last lines that ffmpeg printed. */
  get log(): readonly string[] {
    return this.#process.log.filter((line) => printedShape(line) === undefined && !isIdle(line) && !printsCaptions(line) && !isOfEmptyOutput(line));
  }

  /** Forgets what ffmpeg has printed so far. */
  forgetLog(): void {
    this.#process.forgetLog();
  }

  /** The first shape of a pixel that is not the source's; undefined where all frames have one. */
  get otherShape(): string | undefined {
    for (const line of this.#process.log) if (printedShape(line)) return printedShape(line);
    return undefined;
  }

  /** Closed captions were found that the source's first frames did not have. */
  get hasLateCaptions(): boolean {
    return this.#process.log.some(printsCaptions);
  }

  /** Waits for the stream's headers. @throws SRVID_DECODE_FAILED, SRVID_INPUT_EMPTY, SRVID_STREAM_CORRUPT */
  async open(): Promise<void> {
    if (!(await this.#bounded(this.#reader.open()))) {
      await this.#process.done();
      throw this.#empty();
    }
    const { video } = this.#reader.streams[0] as NutStream;
    const { width, height } = this.source.info.format;
    if (video?.width === width && video.height === height) return;
    throw new SrvidError(
      'SRVID_INPUT_UNSUPPORTED',
      `${this.source.url} says its frames are ${width}x${height}, but they decode to ${video?.width}x${video?.height}. Convert it with ffmpeg first.`,
      { url: this.source.url },
    );
  }

  /**
   * Reads the next frame into the memory that `slot` gives and returns its pts in the source's time base, counted from
   * the shifted zero (see `Source.shiftSeconds`); undefined at the end.
   * @throws SRVID_DECODE_FAILED, SRVID_STREAM_CORRUPT, SRVID_INPUT_UNSUPPORTED where the size changes
   */
  async next(slot: () => Uint8Array): Promise<number | undefined> {
    const waitedBefore = this.#reader.waitedMs;
    for (;;) {
      const packet = await this.#bounded(this.#reader.next());
      if (!packet) return this.#end();
      if (packet.stream > 0) {
        if (!this.#forward) throw new Error('Decoder.next: a packet is to be forwarded, but nobody said where to');
        const data = new Uint8Array(packet.size);
        await this.#reader.readPayload(data);
        await this.#forward({ stream: packet.stream - 1, pts: packet.pts, data });
        continue;
      }
      if (packet.size !== frameBytes(this.source.info.format)) throw this.#changed('Frame', `${packet.size} bytes`);
      await this.#bounded(this.#reader.readPayload(slot()));
      this.waits.add(this.#reader.waitedMs - waitedBefore);
      this.#watchClock(packet.pts);
      const counted = this.#frames++;
      const { hasTimestamps, countsFields, info } = this.source;
      if (!hasTimestamps && !countsFields) return counted;
      if (counted === 0 && countsFields) this.#zero = packet.pts;
      // ffmpeg's NUT muxer may count in finer ticks than the source.
      return rescale(packet.pts - this.#zero, (this.#reader.streams[0] as NutStream).timeBase, info.timeBase);
    }
  }

  /** Ends ffmpeg if it still runs. */
  async stop(): Promise<void> {
    await this.#process.stop();
    this.options.bytes?.destroy();
    await this.#bytesIn;
  }

  async #end(): Promise<undefined> {
    this.#assertWhole();
    try {
      await this.#bounded(this.#process.done());
    } catch (error) {
      if (this.#process.log.some((line) => SIZE_CHANGED.test(line))) throw this.#changed('Near frame', 'another size');
      throw error;
    }
    if (this.#frames === 0) throw this.#empty();
    return undefined;
  }

  async #bounded<T>(work: Promise<T>): Promise<T> {
    const stalled = () =>
      new SrvidError('SRVID_DECODE_FAILED', `Tried to decode ${this.source.url}: ffmpeg gave no data for ${this.options.stallTimeoutMs / 1000} s.`);
    try {
      // A stream may be silent for as long as it likes, unless it is live.
      return await (this.options.bytes && !this.options.live ? work : withTimeout(work, this.options.stallTimeoutMs, stalled));
    } catch (error) {
      this.#assertWhole();
      // An ffmpeg that dies leaves half a frame behind. Its exit then explains more than the frame does.
      const corrupt = error instanceof SrvidError && error.code === 'SRVID_STREAM_CORRUPT';
      if (corrupt) await withTimeout(this.#process.done(), DYING_MS, () => error);
      throw error;
    }
  }

  /** @throws the error with which the bytes broke off */
  #assertWhole(): void {
    const failure = this.options.failure?.();
    if (failure !== undefined) throw failure;
  }

  /** Refuses a clock that stands still. ffmpeg moves a frame whose time is before the last one's to one tick after it. */
  #watchClock(pts: number): void {
    const { timeBase } = this.#reader.streams[0] as NutStream;
    const stands = this.#frames > 0 && pts - this.#lastPts <= 1 && toNumber(timeBase) < FASTEST_SECONDS;
    this.#standing = stands ? this.#standing + 1 : 0;
    this.#lastPts = pts;
    if (this.#standing < STANDING_FRAMES || this.options.salvage || !this.source.hasTimestamps) return;
    const seconds = ptsToSeconds(pts, timeBase).toFixed(3);
    throw new SrvidError(
      'SRVID_INPUT_DAMAGED',
      `The clock of ${this.source.url} goes back at ${seconds} s: files were joined there, or a recorder started again, and the frames after it have no times of their own. Cut the file there and process both parts, or give --salvage to go on with all frames crowded at one time.`,
      { seconds },
    );
  }

  #empty(): SrvidError {
    const said = this.#process.log.length > 0 ? ` ffmpeg said: ${this.#process.log.slice(-2).join(' | ')}` : '';
    return new SrvidError('SRVID_INPUT_EMPTY', `${this.source.url} gave no frames${this.options.start ? ` from ${this.options.start} s on` : ''}.${said}`, {
      url: this.source.url,
    });
  }

  #changed(where: string, found: string): SrvidError {
    const { format } = this.source.info;
    return new SrvidError(
      'SRVID_INPUT_UNSUPPORTED',
      `${where} ${this.#frames} of ${this.source.url} has ${found}, but the others are ${describeFormat(format)} (${frameBytes(format)} bytes): the size or format changes in mid-stream. Cut the file there, or convert it to one size with ffmpeg first.`,
      { frame: this.#frames, found },
    );
  }
}

function decodeCommand(source: Source, options: DecoderOptions) {
  const { bytes, format, live, forwarded, beside = [], salvage } = options;
  const cut = options.cut ?? planCut(source, options);
  const { width, height } = source.info.format;
  // A raw stream's frames are counted, but ffmpeg gives it a time base all the same, finer than a frame.
  const ticks = parseRational(source.video.time_base) ?? source.info.timeBase;
  // Another size with as many bytes would pass for the same one; every other size shows in the byte count.
  const sameSize = `crop=w='if(eq(iw*ih,${width * height})*not(eq(iw,${width})),-1,iw)':h=ih:exact=1`;
  const zero = cut.skipsSeconds > 0 ? [`setpts=PTS-${cut.skipsSeconds}/TB`] : [];
  const filters = [...cut.filters, ...zero, sameSize, ...source.filters];
  const input = [
    ...(format ? ['-f', format] : []),
    ...source.probe.input.options,
    ...(bytes && !live ? ['-analyzeduration', ANALYSE_MICROSECONDS, '-probesize', ANALYSE_BYTES] : []),
    // A thread for each frame would hold as many frames back.
    ...(live ? ['-analyzeduration', '0', '-probesize', '32', '-thread_type', 'slice'] : []),
    ...cut.inputOptions,
  ];
  const output = [
    ...['-map', `0:${source.video.index}`, '-c:v', 'rawvideo', '-pix_fmt', source.decodeFormat],
    // A size that changes must be noticed here; ffmpeg would silently scale to the first one.
    ...['-noautoscale', '-vf', filters.join(',')],
    ...(salvage ? ['-max_error_rate', '1'] : []),
    ...(bytes ? [...forwarded.flatMap((index) => ['-map', `0:${index}`]), '-c:a', 'copy'] : []),
    ...['-fps_mode', 'passthrough', '-enc_time_base', formatRational(ticks, ':')],
    ...(source.shiftSeconds > 0 ? ['-output_ts_offset', String(source.shiftSeconds)] : []),
    ...['-f', 'nut', '-write_index', '0'],
  ];
  const furtherOutput = [...watching(0, clockMayRestart(source.probe) ? beside : []), ...(live ? [] : captionsWatch(source, cut.filters))];
  return { inputs: [{ url: source.probe.input.url, options: input }], outputOptions: output, output: 'pipe:1', furtherOutput };
}
