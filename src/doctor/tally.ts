import type { StoredTensor } from '../onnx/float-twin.js';
import type { NamedTensor } from '../plugins/inference/onnx-runtime.js';
import type { LayerReport } from './report.js';

const LEVELS = 256;
/** Share of values left out at each end of the range, so that one stray value does not count as use. */
const RARE = 0.0005;
/** Signal to noise in dB where there is no noise at all. */
const MAX_SNR = 100;

/** Statistics of one stored tensor over all pictures. */
export class Tally {
  readonly #counts = new Float64Array(LEVELS);
  #values = 0;
  #sum = 0;
  #squares = 0;
  #noise = 0;
  #present = 0;
  #lost = 0;

  constructor(readonly tensor: StoredTensor) {}

  /** Adds the network's stored bytes and, where there is a twin, the twin's values of the same tensor. */
  add(bytes: NamedTensor, values: NamedTensor | undefined): void {
    const { step, zero, signed } = this.tensor;
    const [stored, exact, offset] = [bytes.data, values?.data, signed ? 128 : 0];
    for (let index = 0; index < stored.length; index++) {
      const byte = stored[index] as number;
      this.#counts[byte + offset] = (this.#counts[byte + offset] as number) + 1;
      if (!exact) continue;
      const value = exact[index] as number;
      this.#sum += value;
      this.#squares += value * value;
      this.#noise += (value - (byte - zero) * step) ** 2;
      if (value === 0) continue;
      this.#present++;
      if (byte === zero) this.#lost++;
    }
    if (exact) this.#values += stored.length;
  }

  /**
   * The statistics so far. `isPicture`: the tensor is the network's output, in which black and white are no saturation.
   */
  report(isPicture: boolean): Pick<LayerReport, 'low' | 'high' | 'used' | 'saturated' | 'lost' | 'snr'> {
    const { step, zero, signed } = this.tensor;
    const lowest = signed ? -128 : 0;
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const share = (level: number) => (this.#counts[level] as number) / total;
    // A zero point at the lower end means a ReLU's range, in which 0 is not saturation.
    const saturated = share(LEVELS - 1) + (zero > lowest ? share(0) : 0);
    return {
      low: (lowest - zero) * step,
      high: (lowest + LEVELS - 1 - zero) * step,
      used: (this.#quantile(1 - RARE, total) - this.#quantile(RARE, total)) / (LEVELS - 1),
      saturated: isPicture ? 0 : saturated,
      ...(this.#values > 0 ? { lost: this.#lost / Math.max(1, this.#present), snr: this.#snr() } : {}),
    };
  }

  #snr(): number {
    const variance = this.#squares / this.#values - (this.#sum / this.#values) ** 2;
    const noise = this.#noise / this.#values;
    if (variance <= 0) return noise > 0 ? 0 : MAX_SNR;
    return Math.min(MAX_SNR, 10 * Math.log10(variance / noise));
  }

  #quantile(part: number, total: number): number {
    let seen = 0;
    for (let level = 0; level < LEVELS; level++) {
      seen += this.#counts[level] as number;
      if (seen >= part * total) return level;
    }
    return LEVELS - 1;
  }
}
