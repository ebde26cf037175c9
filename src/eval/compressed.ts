import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SrvidError } from '../errors.js';
import type { EvaluationOptions } from '../options/session.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import { frameBytes, type PlainFormat } from '../pipeline/frames/frame.js';
import { inverse } from '../pipeline/frames/time.js';
import { type Compression, measureCompression } from '../pipeline/input/compression.js';
import { Decoder } from '../pipeline/input/decode.js';
import { type OpenedSource, openSource } from '../pipeline/input/open.js';
import type { Source } from '../pipeline/input/source.js';
import { NOTHING_CARRIED } from '../pipeline/output/container.js';
import { Encoder } from '../pipeline/output/encode.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import { testEncoder } from '../pipeline/output/self-test.js';
import { makeTemporaryFolder } from '../pipeline/output/temporary-folder.js';

/** Frames that are to be compressed. */
interface Uncompressed {
  /** The source that they come from: its colours and frame rate. */
  readonly source: Source;
  /** Their format, with even sides. */
  readonly format: PlainFormat;
  /** Gives the next frame, valid until the next call. Undefined at the end. */
  readonly next: () => Promise<Uint8Array | undefined>;
}

/** A clip that was compressed, on the disk. To be removed by its user. */
export class CompressedClip {
  private constructor(
    private readonly folder: string,
    private readonly binary: FfmpegBinary,
    private readonly opened: OpenedSource,
    private readonly stallTimeoutMs: number,
  ) {}

  /**
   * Encodes all frames into a temporary file.
   * @throws SRVID_ENCODER_UNAVAILABLE before the first frame, where ffmpeg does not have the encoder; SRVID_ENCODE_FAILED
   */
  static async of(
    { source, format, next }: Uncompressed,
    encoder: EncodePlan['encoder'],
    binary: FfmpegBinary,
    options: EvaluationOptions,
  ): Promise<CompressedClip> {
    const { stallTimeoutMs } = options;
    const { frameRate, color } = source.info;
    const folder = await makeTemporaryFolder('eval');
    const path = join(folder, 'compressed.nut');
    try {
      const plan: EncodePlan = {
        ...{ format, color, encoder, frameRate, timeBase: inverse(frameRate), sampleAspect: undefined, stallTimeoutMs, shiftSeconds: 0 },
        ...{ container: { ...NOTHING_CARRIED, muxer: 'nut', options: () => [] }, output: path, carry: { from: 'nothing' } },
      };
      await testEncoder(binary, plan);
      await encodeAll(new Encoder(binary, plan), next);
      const coded = await openSource(binary, {
        ...options,
        input: path,
        inputFormat: undefined,
        start: undefined,
        strict: false,
        deinterlace: 'off',
      });
      return new CompressedClip(folder, binary, coded, stallTimeoutMs);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The decoded frames. An encoder may store them with other chroma than it was given. */
  get format(): PlainFormat {
    return this.opened.source.info.format;
  }

  /** Measures how coarsely its first frames are quantised, as of any source. */
  async compression(signal: AbortSignal): Promise<Compression | undefined> {
    return measureCompression(this.binary, this.opened, signal);
  }

  /** Reads the clip once. `next` gives each frame in memory of its own. */
  async read(): Promise<{ readonly next: () => Promise<Uint8Array>; readonly stop: () => Promise<void> }> {
    const decoder = new Decoder(this.binary, this.opened.source, { forwarded: [], salvage: false, stallTimeoutMs: this.stallTimeoutMs });
    await decoder.open();
    const next = async () => {
      const frame = new Uint8Array(frameBytes(this.format));
      if ((await decoder.next(() => frame)) !== undefined) return frame;
      throw new SrvidError(
        'SRVID_FRAMES_LOST',
        'The compressed clip has fewer frames than the original. Try another codec with --compress, or another build of ffmpeg.',
      );
    };
    return { next, stop: () => decoder.stop() };
  }

  /** Removes its file. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function encodeAll(encoder: Encoder, next: Uncompressed['next']): Promise<void> {
  try {
    await encoder.open();
    for (let pts = 0, frame = await next(); frame; pts++, frame = await next()) await encoder.write(pts, frame);
    await encoder.finish();
  } finally {
    await encoder.stop();
  }
}
