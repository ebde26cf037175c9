import { lumaBytes, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { errorOf, flickerOf, meanOf, psnr, ssim } from './metrics.js';
import { type Item, type ItemScore, METHODS, type Method, type PerMethod, type Score } from './report.js';

/** A picture as it is measured. Planes of 8-bit samples. */
export interface Measured {
  readonly luma: Plane;
  /** Plane of rgb24: three samples a pixel. */
  readonly rgb?: Plane | undefined;
  /** U above V, of chains that keep the size. */
  readonly chroma?: Plane | undefined;
}

/** A frame of planar YUV or gray as it is measured. Nothing is copied. */
export function planarMeasured(format: PlainFormat, bytes: Uint8Array): Measured {
  const [luma, u] = planesOf(format, bytes) as [Plane, Plane?];
  return { luma, ...(u && { chroma: { ...u, height: 2 * u.height, data: bytes.subarray(lumaBytes(format)) } }) };
}

/** Measures the results of all methods, picture by picture, and collects the scores. */
export class Comparison {
  /** The scores of each item so far, in order. */
  readonly items: Item[] = [];
  readonly #tallies = new Map(METHODS.map((method) => [method, { lumaShift: 0, flicker: 0, lastError: undefined as Int16Array | undefined }]));

  /** @param border pixels to leave out on each side @param follows true if the items are consecutive frames of one clip */
  constructor(
    private readonly border: number,
    private readonly follows: boolean,
  ) {}

  /** Measures one item. Planes of `truth` and `results` must have the same size. */
  add(item: Item['item'], truth: Measured, results: PerMethod<Measured>): void {
    const scores = Object.entries(results).map(([method, result]) => [method, this.#measure(method as Method, result, truth)] as const);
    this.items.push({ item, scores: Object.fromEntries(scores) as unknown as PerMethod<ItemScore> });
  }

  /** Measures one more method on an item that was added, by its number. Items come in their order. */
  addTo(index: number, truth: Measured, method: 'srvid-video', result: Measured): void {
    const { item, scores } = this.items[index] as Item;
    this.items[index] = { item, scores: { ...scores, [method]: this.#measure(method, result, truth) } };
  }

  /** The mean scores of each method, beside its `vmaf` where that was measured. There must be at least one item. */
  scores(vmaf: Partial<Record<Method, number>> = {}): Score[] {
    const count = this.items.length;
    const baseline = this.items[0]?.scores.given ? 'given' : 'bicubic';
    const mean = (method: Method, of: keyof ItemScore) => this.items.reduce((sum, { scores }) => sum + (scores[method]?.[of] ?? 0), 0) / count;
    return METHODS.filter((method) => this.items[0]?.scores[method]).map((method) => {
      const { lumaShift, flicker } = this.#tallies.get(method) as { lumaShift: number; flicker: number };
      return {
        method,
        psnr: rounded(mean(method, 'psnr')),
        gain: rounded(mean(method, 'psnr') - mean(baseline, 'psnr')),
        ssim: rounded(mean(method, 'ssim'), 5),
        ...(this.items[0]?.scores[method]?.rgbPsnr === undefined ? {} : { rgbPsnr: rounded(mean(method, 'rgbPsnr')) }),
        ...(this.items[0]?.scores[method]?.chromaPsnr === undefined ? {} : { chromaPsnr: rounded(mean(method, 'chromaPsnr')) }),
        ...(vmaf[method] === undefined ? {} : { vmaf: rounded(vmaf[method]) }),
        lumaShift: rounded(lumaShift / count),
        ...(this.follows && count > 1 ? { flicker: rounded(flicker / (count - 1)) } : {}),
      };
    });
  }

  #measure(method: Method, result: Measured, truth: Measured): ItemScore {
    const tally = this.#tallies.get(method);
    if (tally) {
      tally.lumaShift += meanOf(result.luma) - meanOf(truth.luma);
      if (this.follows) {
        const error = errorOf(result.luma, truth.luma, this.border);
        if (tally.lastError) tally.flicker += flickerOf(tally.lastError, error);
        tally.lastError = error;
      }
    }
    return {
      psnr: rounded(psnr(result.luma, truth.luma, this.border)),
      ssim: rounded(ssim(result.luma, truth.luma, this.border), 5),
      ...(result.rgb && truth.rgb ? { rgbPsnr: rounded(psnr(result.rgb, truth.rgb, this.border, 3)) } : {}),
      ...(result.chroma && truth.chroma ? { chromaPsnr: rounded(psnr(result.chroma, truth.chroma, 0)) } : {}),
    };
  }
}

function rounded(value: number, digits = 4): number {
  return Number(value.toFixed(digits));
}
