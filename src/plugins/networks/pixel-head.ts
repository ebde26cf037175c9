import type { Model } from '../contract.js';
import type { KernelLayout } from '../pixels/kernels.js';
import type { PixelKernels } from './pixel-kernels.js';
import type { HeadTables } from './placement.js';

/** Pixels of one run of a head. Its activations stay in the cache; a run's own overhead is that of some hundred pixels. */
const BATCH = 8192;

/** One head, and what its first layer adds to features. */
export interface HeadParts {
  readonly model: Model;
  /** Number of features. */
  readonly size: number;
  readonly tables: HeadTables;
  readonly gain: number;
  readonly levels: number;
  readonly quantised: boolean;
}

/** Listed pixels of one output row, as offsets in the kernels' memory, and the axis of its columns. */
export interface Listed {
  readonly at: number;
  readonly count: number;
}

/** Offsets of what all pixels of an output row share. */
export interface RowPlace {
  /** The strip's row of features of the nearest input row, counted in input pixels from the strip's begin. */
  readonly pixel: number;
  readonly phase: number;
  /** Place of the row's first pixel in the picture. */
  readonly start: number;
  readonly nearest: number;
  readonly phases: number;
  readonly bases: number;
  readonly picture: number;
}

/** Bytes of one value: features and residuals are bytes or floats. */
const bytesOf = (quantised: boolean) => (quantised ? 1 : 4);

/** Offsets of a head's buffers. */
export interface HeadLayout {
  readonly features: number;
  readonly activations: number;
  readonly residuals: number;
  readonly rows: number;
  readonly columns: number;
  readonly places: number;
  readonly bases: number;
}

/** Takes a head's buffers. @param pixels input pixels whose features are kept at once */
export function layOutHead(layout: KernelLayout, { size, quantised, tables }: HeadParts, pixels: number): HeadLayout {
  const value = bytesOf(quantised);
  const entry = quantised ? 2 : 4;
  return {
    features: layout.take(pixels * size * value),
    activations: layout.take(BATCH * size * value),
    residuals: layout.take(BATCH * value),
    rows: layout.take(tables.rows.length * entry),
    columns: layout.take(tables.columns.length * entry),
    places: layout.take(BATCH * 4),
    bases: layout.take(BATCH * 2),
  };
}

/** Collects the pixels of one head and runs it on whole batches of them. */
export class PixelHead {
  #filled = 0;

  constructor(
    private readonly kernels: PixelKernels,
    private readonly parts: HeadParts,
    private readonly layout: HeadLayout,
  ) {
    const { rows, columns } = parts.tables;
    // Of bytes, in 1/64 of a step, and with the half that rounds.
    const stored = (table: Float32Array, half: number) => (parts.quantised ? Int16Array.from(table, (value) => Math.round(64 * value) + half) : table);
    this.#write(layout.rows, stored(rows, 32));
    this.#write(layout.columns, stored(columns, 0));
  }

  /** The features of a strip of so many input pixels, for the backbone to fill. */
  features(pixels: number): { readonly data: Uint8Array | Float32Array; readonly dims: readonly number[] } {
    const { size } = this.parts;
    return { data: this.#view(this.layout.features, pixels * size), dims: [pixels, size] };
  }

  /** Takes in the listed pixels of a row, and runs the head as often as a batch is full. */
  async add({ at, count }: Listed, row: RowPlace): Promise<void> {
    for (let from = 0; from < count; ) {
      const taken = Math.min(count - from, BATCH - this.#filled);
      this.#collect(at + 4 * from, taken, row);
      this.#filled += taken;
      from += taken;
      if (this.#filled === BATCH) await this.finish(row.picture);
    }
  }

  /** Runs the head on the pixels that are left, and writes them into the picture. */
  async finish(picture: number): Promise<void> {
    const { model, size, quantised, levels } = this.parts;
    const { activations, residuals, places, bases } = this.layout;
    if (this.#filled === 0) return;
    // Batches are always whole, so that a network meets one shape; what an earlier one left is not looked at.
    await model.run({ data: this.#view(activations, BATCH * size), dims: [BATCH, size] }, { data: this.#view(residuals, BATCH), dims: [BATCH, 1] });
    if (quantised) this.kernels.addBytes(residuals, this.#filled, Math.round(levels * (1 << 14)), places, bases, picture);
    else this.kernels.addFloats(residuals, this.#filled, levels, places, bases, picture);
    this.#filled = 0;
  }

  #collect(listed: number, count: number, { pixel, phase, start, nearest, phases, bases }: RowPlace): void {
    const { size, quantised, gain } = this.parts;
    const { features, activations, rows, columns, places, bases: noted } = this.layout;
    const value = bytesOf(quantised);
    const from = features + pixel * size * value;
    const into = activations + this.#filled * size * value;
    const row = rows + phase * size * (quantised ? 2 : 4);
    if (quantised) this.kernels.firstLayerOfBytes(from, nearest, phases, listed, count, row, columns, Math.round(64 * gain), size, into);
    else this.kernels.firstLayerOfFloats(from, nearest, phases, listed, count, row, columns, size, into);
    this.kernels.note(listed, count, start, bases, places + 4 * this.#filled, noted + 2 * this.#filled);
  }

  #view(at: number, values: number): Uint8Array | Float32Array {
    const { buffer } = this.kernels.memory;
    return this.parts.quantised ? new Uint8Array(buffer, at, values) : new Float32Array(buffer, at, values);
  }

  #write(at: number, { buffer, byteOffset, byteLength }: Int16Array | Float32Array): void {
    new Uint8Array(this.kernels.memory.buffer, at, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength));
  }
}
