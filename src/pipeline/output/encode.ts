import type { Readable } from 'node:stream';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { commandArguments, type FfmpegCommand, fileUrl } from '../ffmpeg/command.js';
import { FfmpegProcess } from '../ffmpeg/process.js';
import { Durations } from '../frames/durations.js';
import type { Color, FrameFormat } from '../frames/frame.js';
import { formatRational, inverse, ptsToSeconds, type Rational } from '../frames/time.js';
import { withTimeout } from '../frames/timeout.js';
import type { ForwardedPacket } from '../input/decode.js';
import { watching } from '../input/joined-clock.js';
import type { NutStream } from '../nut/syntax.js';
import { NutWriter } from '../nut/writer.js';
import { type CarriedAlong, codecOptions } from './carried-stream.js';
import { colorTags } from './color-tags.js';
import { type Container, tooManyPictures } from './container.js';
import { filterGraph, type RawStream, rawStreams } from './encode-graph.js';
import { assertOnClock, type EncoderClock, RateWatch } from './encoder-clock.js';
import type { FrameSideData } from './frame-side-data.js';
import { lastFrame } from './last-frame.js';
import type { StoredColor } from './stored-color.js';
import { damageIn, explained } from './track-damage.js';

/** The video codec and its settings. */
export interface EncoderSettings {
  /** ffmpeg's name for the encoder, "libx264". */
  readonly name: string;
  /** Options without their dash, in order. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** One output to encode: its frames, its encoder and container, and the streams that are carried along. */
export interface EncodePlan {
  /** The format of each frame's bytes. */
  readonly format: FrameFormat;
  readonly timeBase: Rational;
  /** The encoder's time base, where the encoder cannot count in `timeBase`. */
  readonly clock?: EncoderClock | undefined;
  /** End of the last frame in seconds of the output, where it may last longer than the others. */
  readonly endSeconds?: number | undefined;
  /**
   * The frame rate for encoders and muxers, which also gives the last frame its duration. Times come from the frames'
   * own pts.
   */
  readonly frameRate: Rational;
  /** Time in which ffmpeg takes no data after which it counts as hung, unless standard output's reader keeps it waiting. */
  readonly stallTimeoutMs: number;
  readonly color: Color;
  /** The conversion of colours that this encoder and container need, where they need one. */
  readonly stored?: StoredColor | undefined;
  /** Gray frames are encoded as they are. All others get chroma without colour. */
  readonly keepsGray?: boolean;
  readonly sampleAspect: Rational | undefined;
  readonly encoder: EncoderSettings;
  readonly container: Container;
  /** A path, or "pipe:1" for standard output. */
  readonly output: string;
  /** The rate at which frames are counted, for a container that knows no other times. */
  readonly countedRate?: Rational | undefined;
  /** Seconds taken off every pts: see `Source.shiftSeconds`. */
  readonly shiftSeconds: number;
  /** Side data of the source's frames, where the output is to have it. */
  readonly sideData?: FrameSideData | undefined;
  /** ffmpeg's options for tags, beside those that are copied from the source: see `planTags`. */
  readonly tags?: readonly string[] | undefined;
  /** Goes on where nearly all of the sound cannot be decoded. */
  readonly salvage?: boolean;
  /** Origin of everything but the video. */
  readonly carry: CarriedAlong;
}

/** Messages of ffmpeg 5, which exits with 0 even where a full disk keeps it from writing the end of a file. */
const WRITE_ERROR = /No space left on device|Error writing trailer|Error closing file|Input\/output error|Disk quota exceeded|File too large/;
/** Frames and packets end because reading ends; the limit must not cut one of them off by rounding. */
const END_MARGIN_SECONDS = 0.001;
/** Descriptor on which ffmpeg reports its progress. */
const PROGRESS = 3;

/** One ffmpeg that encodes finished frames. */
export class Encoder {
  /** Waiting time of the pipeline until ffmpeg took each frame. */
  readonly waits = new Durations();
  /** Set where the container knows one frame rate alone. */
  readonly rate: RateWatch | undefined;
  readonly #process: FfmpegProcess;
  readonly #writer: NutWriter;
  readonly #rawStreams: readonly RawStream[];
  /** Infinity where a reader takes the output: a player that pauses makes ffmpeg wait, which is no hang. */
  readonly #patienceMs: number;
  #framesWritten = 0;
  #framesEncoded = 0;
  #heardAt = 0;

  constructor(
    binary: FfmpegBinary,
    private readonly plan: EncodePlan,
    /** Target of "pipe:1". */
    standardOutput: 'inherit' | 'ignore' | 'pipe' = 'inherit',
  ) {
    this.#process = new FfmpegProcess({
      path: binary.ffmpeg,
      args: commandArguments(encodeCommand(plan, binary)),
      purpose: `encode with ${plan.encoder.name} to ${plan.output}`,
      failure: 'SRVID_ENCODE_FAILED',
      stdio: ['pipe', plan.output === 'pipe:1' ? standardOutput : 'ignore', 'pipe', 'pipe'],
    });
    this.#patienceMs = plan.output === 'pipe:1' && standardOutput === 'inherit' ? Number.POSITIVE_INFINITY : plan.stallTimeoutMs;
    let partial = '';
    this.#process
      .readable(PROGRESS)
      .setEncoding('utf8')
      .on('data', (text: string) => {
        this.#heardAt = performance.now();
        const lines = (partial + text).split('\n');
        partial = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('frame=')) this.#framesEncoded = Number(line.slice('frame='.length));
      });
    this.rate = plan.countedRate && new RateWatch(plan.countedRate, plan.timeBase);
    this.#rawStreams = rawStreams(plan.format, plan.color);
    const video: NutStream[] = this.#rawStreams.map(({ fourcc, width, height }) => ({
      kind: 'video',
      fourcc,
      timeBase: plan.timeBase,
      // The pixel's shape is set at the end of the filter graph: planes whose shapes differ would not be merged.
      video: { width, height, frameRate: plan.frameRate },
    }));
    this.#writer = new NutWriter(this.#process.writable(0), [...video, ...(plan.carry.from === 'pipe' ? plan.carry.forwarded : [])]);
  }

  /** The bytes that ffmpeg writes, where its standard output is a pipe. */
  get written(): Readable {
    return this.#process.readable(1);
  }

  /** The last lines that ffmpeg printed about damage in the streams that are carried along. */
  get damage(): readonly string[] {
    return damageIn(this.#process.log);
  }

  async open(): Promise<void> {
    await this.#bounded(this.#writer.writeHeaders());
  }

  /** Hands over one frame; when it resolves, `bytes` may be overwritten. @throws SRVID_ENCODE_FAILED, SRVID_ENCODER_UNAVAILABLE */
  async write(pts: number, bytes: Uint8Array): Promise<void> {
    if (this.plan.container.isSingle && this.#framesWritten > 0) throw tooManyPictures('more than one frame');
    const since = performance.now();
    this.rate?.add(pts);
    const { clock, encoder, timeBase } = this.plan;
    if (clock) assertOnClock(encoder.name, clock, ptsToSeconds(pts, timeBase), timeBase);
    const payloads = this.#rawStreams.map(({ start, end }, stream) => ({ stream, data: bytes.subarray(start, end) }));
    await this.#bounded(this.#writer.write(pts, payloads));
    this.#framesWritten++;
    this.waits.add(performance.now() - since);
  }

  /** Hands over a packet of a forwarded stream. */
  async forward({ stream, pts, data }: ForwardedPacket): Promise<void> {
    await this.#bounded(this.#writer.write(pts, [{ stream: this.#rawStreams.length + stream, data }]));
  }

  /**
   * Waits, after the last frame, until ffmpeg has written everything.
   * @throws SRVID_ENCODE_FAILED; SRVID_FRAMES_LOST where ffmpeg ended well but encoded another number of frames
   */
  async finish(): Promise<void> {
    this.#writer.end();
    await this.#endOrStall().catch((error) => {
      throw explained(error, this.#process.log, this.plan);
    });
    if (this.#process.log.some((line) => WRITE_ERROR.test(line))) throw this.#process.failure();
    if (this.#framesEncoded === this.#framesWritten) return;
    const said = this.#process.log.length > 0 ? ` It said: ${this.#process.log.slice(-3).join(' | ')}` : '';
    const message = `ffmpeg was given ${this.#framesWritten} frames and encoded ${this.#framesEncoded}.${said}`;
    throw new SrvidError('SRVID_FRAMES_LOST', message, { written: this.#framesWritten, encoded: this.#framesEncoded });
  }

  /**
   * Finishing may take long, since a large file is moved at its end. But ffmpeg reports twice a second while it works.
   */
  async #endOrStall(): Promise<void> {
    const limit = this.#patienceMs;
    let watch: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      watch = setInterval(() => {
        if (performance.now() - this.#heardAt < limit) return;
        reject(
          new SrvidError('SRVID_ENCODE_FAILED', `Tried to finish encoding with ${this.plan.encoder.name}: ffmpeg was not heard of for ${limit / 1000} s.`),
        );
      }, 250);
    });
    this.#heardAt = performance.now();
    try {
      await Promise.race([this.#process.done(), stalled]);
    } finally {
      clearInterval(watch);
    }
  }

  /** Ends ffmpeg if it still runs. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #bounded(work: Promise<void>): Promise<void> {
    const stalled = () =>
      new SrvidError('SRVID_ENCODE_FAILED', `Tried to encode with ${this.plan.encoder.name}: ffmpeg took no data for ${this.#patienceMs / 1000} s.`);
    try {
      await (this.#patienceMs === Number.POSITIVE_INFINITY ? work : withTimeout(work, this.#patienceMs, stalled));
    } catch (error) {
      if (error instanceof SrvidError) throw error;
      // The pipe broke because ffmpeg ended; its end says why.
      await this.#process.done().catch((failure) => {
        throw explained(failure, this.#process.log, this.plan);
      });
      throw this.#process.failure(error);
    }
  }
}

/** The ffmpeg command of a plan. */
export function encodeCommand(plan: EncodePlan, { setsChromaLocation }: Pick<FfmpegBinary, 'setsChromaLocation'>): FfmpegCommand {
  const { format, color, stored, encoder, container, carry, output, shiftSeconds, timeBase, countedRate } = plan;
  const last = plan.endSeconds === undefined ? undefined : lastFrame(container.muxer, timeBase, plan.endSeconds, output === 'pipe:1');
  const sideData = plan.sideData && { index: carry.from === 'file' ? 2 : 1, plan: plan.sideData };
  const hasPalette = container.muxer === 'gif' && !encoder.options.some(([name]) => name === 'pix_fmt');
  const graph = { grayAsYuv: !plan.keepsGray, setsChromaLocation, stored, sideData, hasPalette, countedRate };
  const zero = carry.from === 'file' ? carry.cut.zeroSeconds : 0;
  const offset = shiftSeconds > 0 || zero > 0 ? ['-itsoffset', String(zero - shiftSeconds)] : [];
  // With -seek_timestamp ffmpeg does not take the first frame's time for time 0.
  const frames = { url: 'pipe:0', options: ['-seek_timestamp', '1', ...offset, '-probesize', '32', '-analyzeduration', '0', '-f', 'nut'] };
  const carried = carry.from === 'file' ? [{ url: carry.input.url, options: [...carry.input.options, ...carry.cut.inputOptions] }] : [];
  const inputs = [frames, ...carried, ...(plan.sideData ? [plan.sideData.input] : [])];
  const outputOptions = [
    ...['-filter_complex', filterGraph(format, color, plan.sampleAspect, graph), '-map', '[v]'],
    ...carriedStreams(plan),
    ...(plan.tags ?? []),
    ...[
      '-fps_mode',
      'passthrough',
      '-enc_time_base',
      formatRational(last?.timeBase ?? plan.clock?.timeBase ?? (countedRate ? inverse(countedRate) : timeBase), ':'),
    ],
    ...(last?.options ?? []),
    // Before the encoder's own options, which may say otherwise.
    ...container.options(output === 'pipe:1'),
    // Only the first video stream is encoded; a cover that is carried along is copied.
    ...['-c:v:0', encoder.name, ...(plan.sideData?.encoderOptions ?? []), ...encoder.options.flatMap(([name, value]) => [`-${name}:v:0`, value])],
    ...colorTags(stored?.color ?? color),
    ...(plan.salvage ? ['-max_error_rate', '1'] : []),
    // Seeking cuts sound at a packet before the time; the second cut, on the way out, is exact. Without it muxers that
    // know no time before 0 would shift all streams.
    ...(carry.from === 'file' && (carry.cut.cutsBeginning || carry.fromZero) ? ['-ss', String(zero)] : []),
    ...(carry.from === 'file' && carry.lastsSeconds !== undefined ? ['-t', String(carry.lastsSeconds + END_MARGIN_SECONDS)] : []),
    ...['-max_muxing_queue_size', '4096', '-progress', `pipe:${PROGRESS}`, '-nostats'],
    ...['-f', output === 'pipe:1' ? (container.pipeMuxer ?? container.muxer) : container.muxer],
  ];
  const furtherOutput = carry.from === 'file' ? watching(1, carry.watched) : [];
  return { inputs, outputOptions, output: output === 'pipe:1' ? output : fileUrl(output), furtherOutput };
}

function carriedStreams({ carry }: EncodePlan): string[] {
  if (carry.from === 'nothing') return [];
  // The processed video is the output's stream 0, so the others count from 1.
  const codecs = carry.streams.flatMap((stream, order) => codecOptions(stream, order + 1));
  if (carry.from === 'pipe') return ['-map', '0:a?', ...codecs];
  const { video, streams, covers } = carry;
  const dispositions = Object.entries(video.disposition ?? {}).filter(([, set]) => set === 1);
  return [
    ...streams.flatMap(({ index }) => ['-map', `1:${index}`]),
    ...codecs,
    ...['-map_metadata', '1', '-map_chapters', '1', '-map_metadata:s:0', `1:s:${video.index}`],
    // Once the tags of one stream are mapped, ffmpeg no longer copies those of the others by itself.
    ...streams.flatMap(({ index }, order) => [`-map_metadata:s:${order + 1}`, `1:s:${index}`]),
    ...covers.flatMap(({ path, filename, mimeType }, order) => {
      const stream = streams.length + 1 + order;
      return ['-attach', path, `-metadata:s:${stream}`, `filename=${filename}`, `-metadata:s:${stream}`, `mimetype=${mimeType}`];
    }),
    ...['-disposition:0', dispositions.map(([name]) => name).join('+') || '0'],
  ];
}
