import type { Plane } from '../../pipeline/frames/frame.js';
import type { Model, Size } from '../contract.js';
import { KernelLayout, openKernels, VECTOR_BYTES } from '../pixels/kernels.js';
import { type Axis, planAxis, WHOLE_WEIGHT } from './axis.js';
import { type HeadLayout, layOutHead, PixelHead } from './pixel-head.js';
import { PIXEL_KERNELS, type PixelKernels } from './pixel-kernels.js';
import { costLimit, type HeadSizes, type Placement, placementOf } from './placement.js';
import { BINS_PER_UNIT, DIFFICULTY_BINS, twoMeansLimit } from './two-means.js';

/** The networks of a pixel-adaptive family. */
export interface PixelNetworks {
  /** Features of the input's pixels, and their difficulty. */
  readonly backbone: Model;
  /** Knows what an output pixel's place means. */
  readonly place: Model;
  readonly light: Model;
  readonly heavy: Model;
}

/** Numbers that the networks of a family share. */
export interface PixelFamily extends HeadSizes {
  /** Input pixels on each side that the backbone's features depend on. */
  readonly reach: number;
}

/** Wishes for the decision between the two heads, and for the picture. */
export interface PixelWishes {
  /** The larger, the fewer pixels get the heavy head; -25 is all of them, 25 none. */
  readonly k: number;
  /** Two-means on the picture's difficulties decide, and not `k`. */
  readonly adaptive: boolean;
  /** Light pixels beside heavy ones are smoothed. */
  readonly refine: boolean;
  /** The decisions are painted over the picture. */
  readonly map: boolean;
}

/**
 * Input pixels of a strip, beside what the backbone reaches beyond it. A strip's features, of which there are far more than
 * pixels, stay in the cache until they are used.
 */
const STRIP_PIXELS = 1 << 17;

/** Offsets of the buffers of a picture, in the kernels' memory. */
interface PictureLayout {
  readonly luma: number;
  readonly difficulty: number;
  readonly columns: { readonly nearest: number; readonly phase: number; readonly first: number; readonly weights: number; readonly decision: number };
  readonly middle: number;
  readonly bases: number;
  readonly listed: { readonly light: number; readonly heavy: number };
  readonly histogram: number;
  readonly picture: number;
  readonly map: number;
  readonly finished: number;
  readonly heads: { readonly light: HeadLayout; readonly heavy: HeadLayout };
  readonly end: number;
}

/**
 * Enlarges luma by a pixel-adaptive network (PCSR, Jeong et al. 2024, arXiv 2407.21448): a backbone on the input's pixels, and for each output pixel one of
 * two heads, whose result is added to the bilinear enlargement. Only the chosen head runs. The memory is this object's own: one object
 * for each thread and pair of sizes.
 */
export class AdaptivePicture {
  readonly #kernels: PixelKernels;
  readonly #bytes: Uint8Array;
  readonly #heads: { readonly light: PixelHead; readonly heavy: PixelHead };
  /** Rows of a strip as the backbone gets them; all strips have as many. */
  readonly #stripRows: number;
  readonly #layout: PictureLayout;

  private constructor(
    private readonly networks: PixelNetworks,
    private readonly family: PixelFamily,
    private readonly input: Size,
    private readonly axes: { readonly rows: Axis; readonly columns: Axis },
    private readonly placement: Placement,
    private readonly wishes: PixelWishes,
  ) {
    const { height, width } = input;
    // The adaptive decision looks at the whole picture first.
    const own = wishes.adaptive ? height : Math.max(family.reach, Math.ceil(STRIP_PIXELS / width));
    this.#stripRows = Math.min(height, own + 2 * family.reach);
    this.#layout = this.#layOut();
    this.#kernels = openKernels(PIXEL_KERNELS, this.#layout.end);
    this.#bytes = new Uint8Array(this.#kernels.memory.buffer);
    const head = (name: 'light' | 'heavy') => new PixelHead(this.#kernels, this.#partsOf(name), this.#layout.heads[name]);
    this.#heads = { light: head('light'), heavy: head('heavy') };
    this.#writeColumns();
  }

  /** Plans the enlargement from one size to another. @throws SRVID_MODEL_INVALID for networks of another form */
  static async open(networks: PixelNetworks, family: PixelFamily, input: Size, output: Size, wishes: PixelWishes): Promise<AdaptivePicture> {
    const axes = { rows: planAxis(input.height, output.height), columns: planAxis(input.width, output.width) };
    const placement = await placementOf(networks.place, family, axes.rows, axes.columns, input);
    return new AdaptivePicture(networks, family, input, axes, placement, wishes);
  }

  /** Enlarges one plane of the input's size, without gaps between its rows, into one of the output's size. */
  async run(luma: Plane, result: Plane): Promise<void> {
    const { height } = this.input;
    const { rows, columns } = this.axes;
    this.#bytes.set(luma.data, this.#layout.luma);
    let limit = costLimit(this.wishes.k, this.placement, (rows.outputs * columns.outputs) / (height * this.input.width));
    let row = 0;
    for (let from = 0; from < height; ) {
      const start = Math.max(0, Math.min(from - this.family.reach, height - this.#stripRows));
      const end = start + this.#stripRows;
      const to = end === height ? height : end - this.family.reach;
      await this.#runBackbone(start);
      if (this.wishes.adaptive) limit = this.#adaptiveLimit();
      for (; row < rows.outputs && (rows.nearest[row] as number) < to; row++) await this.#runRow(row, start, limit);
      from = to;
    }
    await this.#heads.light.finish(this.#layout.picture);
    await this.#heads.heavy.finish(this.#layout.picture);
    result.data.set(this.#finish(columns.outputs, rows.outputs));
  }

  async #runBackbone(start: number): Promise<void> {
    const { luma, difficulty } = this.#layout;
    const { width } = this.input;
    const pixels = this.#stripRows * width;
    const at = luma + start * width;
    await this.networks.backbone.run({ data: this.#bytes.subarray(at, at + pixels), dims: [1, 1, this.#stripRows, width] }, [
      this.#heads.light.features(pixels),
      this.#heads.heavy.features(pixels),
      { data: new Float32Array(this.#kernels.memory.buffer, difficulty, pixels), dims: [pixels, 1] },
    ]);
  }

  /** Chooses a head for each pixel of an output row, whose features the present strip, from input row `start` on, has. */
  async #runRow(row: number, start: number, limit: number): Promise<void> {
    const { luma, difficulty, columns, middle, bases, listed, picture, map } = this.#layout;
    const { width, height } = this.input;
    const { rows } = this.axes;
    const { outputs } = this.axes.columns;
    const above = rows.first[row] as number;
    const under = Math.min(above + 1, height - 1);
    const [phase, pixel] = [rows.phase[row] as number, ((rows.nearest[row] as number) - start) * width];
    const rowStart = row * outputs;
    const at = luma + above * width;
    this.#kernels.base(at, luma + under * width, rows.second[row] as number, width, middle, columns.first, columns.weights, outputs, bases);
    const least = limit - (this.placement.decision.rows[phase] as number);
    const decided = [difficulty + 4 * pixel, columns.nearest, columns.decision, least, outputs, map + rowStart, listed.heavy, listed.light];
    const heavy = this.#kernels.part(...decided);
    const shared = { pixel, phase, start: rowStart, nearest: columns.nearest, phases: columns.phase, bases, picture };
    await this.#heads.heavy.add({ at: listed.heavy, count: heavy }, shared);
    await this.#heads.light.add({ at: listed.light, count: outputs - heavy }, shared);
  }

  /** The limit for the picture whose features lie there as one strip. */
  #adaptiveLimit(): number {
    const { difficulty, columns, histogram } = this.#layout;
    const { rows } = this.axes;
    const bins = new Int32Array(this.#kernels.memory.buffer, histogram, DIFFICULTY_BINS).fill(0);
    for (const [row, nearest] of rows.nearest.entries()) {
      const at = difficulty + 4 * nearest * this.input.width;
      const shift = this.placement.decision.rows[rows.phase[row] as number] as number;
      this.#kernels.count(at, columns.nearest, columns.decision, shift, this.axes.columns.outputs, histogram, DIFFICULTY_BINS, BINS_PER_UNIT);
    }
    return twoMeansLimit(bins);
  }

  /** The finished picture, in memory that the next one overwrites. */
  #finish(width: number, height: number): Uint8Array {
    let { picture, finished } = this.#layout;
    const { map } = this.#layout;
    if (this.wishes.refine) {
      this.#kernels.refine(picture, map, width, height, finished);
      [picture, finished] = [finished, picture];
    }
    if (this.wishes.map) {
      this.#kernels.paint(picture, map, width * height, finished);
      picture = finished;
    }
    return this.#bytes.subarray(picture, picture + width * height);
  }

  #partsOf(name: 'light' | 'heavy') {
    const { placement, networks, family } = this;
    const { gains, levels, quantised } = placement;
    return { model: networks[name], size: family[name], tables: placement[name], gain: gains[name], levels: levels[name], quantised };
  }

  #layOut(): PictureLayout {
    const layout = new KernelLayout();
    const { width, height } = this.input;
    const [across, down] = [this.axes.columns.outputs, this.axes.rows.outputs];
    const pixels = this.#stripRows * width;
    // Loops run over whole vectors, of which the last may reach beyond a row.
    const row = (bytes: number) => layout.take((across + VECTOR_BYTES) * bytes);
    const plane = () => layout.take(across * down + VECTOR_BYTES);
    return {
      luma: layout.take(width * height),
      difficulty: layout.take(4 * pixels),
      columns: { nearest: row(4), phase: row(4), first: row(4), weights: row(4), decision: row(4) },
      middle: layout.take(2 * (width + VECTOR_BYTES)),
      bases: row(2),
      listed: { light: row(4), heavy: row(4) },
      histogram: layout.take(4 * DIFFICULTY_BINS),
      picture: plane(),
      map: plane(),
      finished: plane(),
      heads: { light: layOutHead(layout, this.#partsOf('light'), pixels), heavy: layOutHead(layout, this.#partsOf('heavy'), pixels) },
      end: layout.end,
    };
  }

  /** Writes what the columns are for every row. */
  #writeColumns(): void {
    const { nearest, phase, first, second } = this.axes.columns;
    const at = this.#layout.columns;
    const { buffer } = this.#kernels.memory;
    const { columns: byPhase } = this.placement.decision;
    new Int32Array(buffer, at.nearest).set(nearest);
    new Int32Array(buffer, at.phase).set(phase);
    new Int32Array(buffer, at.first).set(first);
    new Int16Array(buffer, at.weights).set(pairs(second));
    new Float32Array(buffer, at.decision).set(Float32Array.from(phase, (number) => byPhase[number] as number));
  }
}

/** The weights of both samples, pair by pair. */
function pairs(second: Int32Array): Int16Array {
  const result = new Int16Array(2 * second.length);
  for (const [index, weight] of second.entries()) result.set([WHOLE_WEIGHT - weight, weight], 2 * index);
  return result;
}
