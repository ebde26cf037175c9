import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { answerOf } from '../pipeline/ffmpeg/build-answers.js';
import { FfmpegProcess } from '../pipeline/ffmpeg/process.js';
import type { Plane } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';
import type { Measured } from './comparison.js';
import type { Method, PerMethod } from './report.js';

/** Descriptors by which a meter's ffmpeg reads the results and the originals. */
const [RESULTS, ORIGINALS] = [3, 4];
/** Chroma of a grey picture: VMAF looks at luma alone, but takes 4:2:0. */
const NEUTRAL = 128;

/** True if this ffmpeg was built with libvmaf. */
export async function hasVmaf(binary: FfmpegBinary): Promise<boolean> {
  const filters = await answerOf(binary.ffmpeg, ['-hide_banner', '-filters']).catch(() => '');
  return /^\s*\S+\s+libvmaf\s/m.test(filters);
}

/** VMAF of whole clips, one ffmpeg for each method, fed frame by frame. libvmaf's own model, on luma, without a border left out. */
export class VmafMeters {
  readonly #meters = new Map<Method, Meter>();

  constructor(
    private readonly binary: FfmpegBinary,
    private readonly size: Size,
  ) {}

  /** Takes the next frame of some methods. Resolves when each has room for another one. @throws SRVID_INPUT_UNSUPPORTED if ffmpeg ends */
  async add(truth: Measured, results: Partial<PerMethod<Measured>>): Promise<void> {
    const original = this.#grey(truth.luma);
    const writes = (Object.entries(results) as [Method, Measured][]).map(([method, { luma }]) => {
      const meter = this.#meters.get(method) ?? new Meter(this.binary, this.size);
      this.#meters.set(method, meter);
      return meter.write(this.#grey(luma), original);
    });
    await Promise.all(writes);
  }

  /** The score of each method, 0 to 100. @throws SRVID_INPUT_UNSUPPORTED if ffmpeg failed */
  async finish(): Promise<Partial<Record<Method, number>>> {
    const scores = [...this.#meters].map(async ([method, meter]) => [method, await meter.finish()] as const);
    return Object.fromEntries(await Promise.all(scores));
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#meters.values()].map((meter) => meter.stop()));
  }

  /** A picture of 4:2:0 with this luma and no colour. */
  #grey({ data, stride, width, height }: Plane): Uint8Array {
    const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
    const bytes = new Uint8Array(width * height + chroma).fill(NEUTRAL, width * height);
    for (let y = 0; y < height; y++) bytes.set(data.subarray(y * stride, y * stride + width), y * width);
    return bytes;
  }
}

/** One ffmpeg that compares two streams. */
class Meter {
  readonly #process: FfmpegProcess;
  readonly #pipes: readonly [results: Writable, originals: Writable];

  constructor(binary: FfmpegBinary, { width, height }: Size) {
    const input = (descriptor: number) => ['-f', 'rawvideo', '-pixel_format', 'yuv420p', '-video_size', `${width}x${height}`, '-i', `pipe:${descriptor}`];
    this.#process = new FfmpegProcess({
      path: binary.ffmpeg,
      args: ['-nostdin', '-hide_banner', '-v', 'info', '-nostats', ...input(RESULTS), ...input(ORIGINALS), '-lavfi', '[0:v][1:v]libvmaf', '-f', 'null', '-'],
      purpose: `measure VMAF of frames of ${width}x${height}`,
      failure: 'SRVID_INPUT_UNSUPPORTED',
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#pipes = [this.#process.writable(RESULTS), this.#process.writable(ORIGINALS)];
  }

  async write(...frames: readonly [result: Uint8Array, original: Uint8Array]): Promise<void> {
    await Promise.all(frames.map((frame, index) => this.#push(this.#pipes[index] as Writable, frame)));
  }

  async finish(): Promise<number> {
    for (const pipe of this.#pipes) pipe.end();
    await this.#process.done();
    const [, score] = /VMAF score: ([\d.]+)/.exec(this.#process.log.join('\n')) ?? [];
    if (score === undefined) throw this.#process.failure();
    return Number(score);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #push(pipe: Writable, frame: Uint8Array): Promise<void> {
    if (this.#process.ended) throw this.#process.failure();
    if (!pipe.write(frame)) await Promise.race([once(pipe, 'drain').catch(() => {}), this.#process.done().then(() => {})]);
  }
}
