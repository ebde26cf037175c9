import type { Readable } from 'node:stream';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { commandArguments } from '../ffmpeg/command.js';
import { countPictures } from '../ffmpeg/count-packets.js';
import { FfmpegProcess } from '../ffmpeg/process.js';
import { Durations } from '../frames/durations.js';
import { ptsToSeconds } from '../frames/time.js';
import { withTimeout } from '../frames/timeout.js';
import type { ForwardedPacket } from '../input/decode.js';
import type { NutStream } from '../nut/syntax.js';
import { NutWriter } from '../nut/writer.js';
import { tooManyPictures } from './container.js';
import { type RawStream, rawStreams } from './encode-graph.js';
import type { EncodePlan } from './encode-plan.js';
import { assertOnClock, FrameCount, RateWatch } from './encoder-clock.js';
import { encodeCommand, PROGRESS } from './mux-options.js';
import { damageIn, explained } from './track-damage.js';

/** Messages of ffmpeg 5, which exits with 0 even where a full disk keeps it from writing the end of a file. */
const WRITE_ERROR = /No space left on device|Error writing trailer|Error closing file|Input\/output error|Disk quota exceeded|File too large/;

/** One ffmpeg that encodes finished frames. */
export class Encoder {
  /** Waiting time of the pipeline until ffmpeg took each frame. */
  readonly waits = new Durations();
  /** Set where the container knows one frame rate alone. */
  readonly rate: RateWatch | undefined;
  /** Set where the container counts frames, and has no other times. */
  readonly count: FrameCount | undefined;
  readonly #process: FfmpegProcess;
  readonly #writer: NutWriter;
  readonly #rawStreams: readonly RawStream[];
  readonly #videoStreams: number;
  /** Infinity where a reader takes the output: a player that pauses makes ffmpeg wait, which is no hang. */
  readonly #patienceMs: number;
  #framesWritten = 0;
  /** Frames that ffmpeg says it has written, where it says so. */
  #framesEncoded: number | undefined;
  #heardAt = 0;

  constructor(
    private readonly binary: FfmpegBinary,
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
    this.count = plan.clock?.container === undefined ? undefined : new FrameCount(plan.clock, plan.timeBase);
    this.#rawStreams = plan.coded ? [] : rawStreams(plan.format, plan.color);
    const raw = this.#rawStreams.map(
      ({ fourcc, width, height }) =>
        ({
          kind: 'video',
          fourcc,
          timeBase: plan.timeBase,
          // The pixel's shape is set at the end of the filter graph: planes whose shapes differ would not be merged.
          video: { width, height, frameRate: plan.frameRate },
        }) satisfies NutStream,
    );
    const video = plan.coded ? [plan.coded] : raw;
    this.#videoStreams = video.length;
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
    if (clock && !this.count) assertOnClock(encoder.name, clock, ptsToSeconds(pts, timeBase), timeBase);
    const place = this.count?.place(pts) ?? pts;
    const payloads = this.#rawStreams.map(({ start, end }, stream) => ({ stream, data: bytes.subarray(start, end) }));
    await this.#bounded(this.#writer.write(place, payloads));
    this.#framesWritten++;
    this.waits.add(performance.now() - since);
  }

  /** Hands over one packet of a plan whose pictures are coded already, in the order of decoding; `pts` is in ticks of that stream. */
  async writeCoded(pts: number, key: boolean, data: Uint8Array): Promise<void> {
    await this.#bounded(this.#writer.write(pts, [{ stream: 0, data, key }]));
    this.#framesWritten++;
  }

  /** Hands over a packet of a forwarded stream. */
  async forward({ stream, pts, data }: ForwardedPacket): Promise<void> {
    await this.#bounded(this.#writer.write(pts, [{ stream: this.#videoStreams + stream, data }]));
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
    const encoded = await this.#counted();
    if (encoded === this.#framesWritten) return;
    const said = this.#process.log.length > 0 ? ` It said: ${this.#process.log.slice(-3).join(' | ')}` : '';
    const message = `ffmpeg was given ${this.#framesWritten} frames and encoded ${encoded}.${said}`;
    throw new SrvidError('SRVID_FRAMES_LOST', message, { written: this.#framesWritten, encoded });
  }

  /** ffmpeg 7.0 says nothing of pictures that it copies, so these are counted in what it wrote. */
  async #counted(): Promise<number> {
    const { coded, output } = this.plan;
    if (coded && this.#framesEncoded === undefined) return await countPictures(this.binary, output);
    return this.#framesEncoded ?? 0;
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
