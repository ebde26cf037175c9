import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import type { Size } from '../plugins/contract.js';
import { Comparison, type Measured } from './comparison.js';
import type { Method, PerMethod } from './report.js';
import { hasVmaf, VmafMeters } from './vmaf.js';

/** The scores of a clip: those of each frame, and VMAF of the whole where this ffmpeg can measure it. */
export class ClipScores {
  private constructor(
    readonly comparison: Comparison,
    private readonly meters: VmafMeters | undefined,
  ) {}

  /** @param size of the frames that are compared @param border pixels that the scores of frames leave out on each side */
  static async of(binary: FfmpegBinary, size: Size, border: number): Promise<ClipScores> {
    return new ClipScores(new Comparison(border, true), (await hasVmaf(binary)) ? new VmafMeters(binary, size) : undefined);
  }

  /** Measures the next frame, which is `seconds` from the clip's beginning. */
  async add(seconds: number, truth: Measured, results: PerMethod<Measured>): Promise<void> {
    this.comparison.add(seconds, truth, results);
    await this.meters?.add(truth, results);
  }

  /** Measures one more method on the frames that were added, in their order. */
  async addTo(index: number, truth: Measured, method: 'srvid-video', result: Measured): Promise<void> {
    this.comparison.addTo(index, truth, method, result);
    await this.meters?.add(truth, { [method]: result });
  }

  /** VMAF of each method, once all frames are in. Undefined where it is not measured. @throws SRVID_INPUT_UNSUPPORTED if ffmpeg failed */
  async vmaf(): Promise<Partial<Record<Method, number>> | undefined> {
    return this.comparison.items.length > 0 ? this.meters?.finish() : undefined;
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await this.meters?.stop();
  }
}
