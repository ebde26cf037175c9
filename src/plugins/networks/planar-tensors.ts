import { type Frame, fillMiddle, frameBytes, type PixelFormat, type PlainFormat, type Plane, planesOf } from '../../pipeline/frames/frame.js';
import type { Tensor } from '../contract.js';
import { planChroma } from '../pixels/convert.js';
import { alignedUp, copyCropped, copyPadded } from '../pixels/padding.js';
import { Correction, toCorrection } from './correction.js';

/**
 * Tensors of a network that restores the planes of 4:2:0, between frames of one format and size. Chroma of 4:2:2 and 4:4:4 is brought to
 * the grid of 4:2:0, and what the network changes there is brought back and added to the frame's own chroma, which thus keeps its
 * resolution; of gray the luma alone is restored. The memory is this object's own: one object for each thread.
 */
export class PlanarTensors {
  /** Y [1, 1, h, w], U and V [1, 1, h/2, w/2], uint8; h and w are the frame's, padded. */
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly #format: PlainFormat;
  /** The planes at the grid of 4:2:0, where the frame's own are not. */
  readonly #half: readonly Plane[] | undefined;
  readonly #chroma: { readonly halve: Resample; readonly bring: Resample; readonly change: readonly Plane[]; readonly brought: readonly Plane[] } | undefined;
  readonly #correction: Correction;

  /** @param align luma pixels of which both sides of the tensors are multiples; even @param strength share of the correction, 0 to 1 */
  constructor({ format: kind, width, height, color }: Pick<Frame, 'format' | 'width' | 'height' | 'color'>, align: number, strength: number) {
    const [h, w] = [alignedUp(height, align), alignedUp(width, align)];
    const tensors = () => [1, 2, 2].map((part) => ({ data: new Uint8Array((h * w) / part ** 2), dims: [1, 1, h / part, w / part] }));
    this.inputs = tensors();
    this.outputs = tensors();
    this.#format = { kind, width, height };
    this.#correction = new Correction(strength);
    const half: PlainFormat = { kind: 'yuv420p', width, height };
    if (kind !== 'yuv420p') this.#half = framePlanes(half);
    if (hasFinerChroma(kind)) {
      const [halve, bring] = [planChroma(this.#format, half, color), planChroma(half, this.#format, color)];
      this.#chroma = { halve, bring, change: framePlanes(half), brought: framePlanes(this.#format) };
    }
  }

  /** Fills the inputs with a frame's planes. */
  take(planes: readonly Plane[]): void {
    this.#chroma?.halve(planes, this.#half as readonly Plane[]);
    for (const [index, tensor] of this.inputs.entries()) copyPadded(this.#at420(planes, index), pictureOf(tensor));
  }

  /** Fills `result` with the restored planes of the frame that was taken. */
  give(planes: readonly Plane[], result: readonly Plane[]): void {
    const restored = this.#chroma ? [result[0] as Plane, ...this.#chroma.change.slice(1)] : result;
    for (const [index, into] of restored.entries()) {
      copyCropped(pictureOf(this.outputs[index] as Tensor), into);
      if (index > 0 && this.#chroma) toCorrection(this.#at420(planes, index).data, into.data);
      else this.#correction.mix((planes[index] as Plane).data, into.data);
    }
    if (!this.#chroma) return;
    this.#chroma.bring(this.#chroma.change, this.#chroma.brought);
    for (const index of [1, 2]) this.#correction.add((planes[index] as Plane).data, (this.#chroma.brought[index] as Plane).data, (result[index] as Plane).data);
  }

  #at420(planes: readonly Plane[], index: number): Plane {
    return (index > 0 && this.#half ? this.#half[index] : planes[index]) as Plane;
  }
}

type Resample = ReturnType<typeof planChroma>;

/** Planes in memory of their own, in the middle of their range. */
function framePlanes(format: PlainFormat): readonly Plane[] {
  const bytes = new Uint8Array(frameBytes(format));
  fillMiddle(bytes);
  return planesOf(format, bytes);
}

function hasFinerChroma(kind: PixelFormat): boolean {
  return kind === 'yuv422p' || kind === 'yuv444p';
}

function pictureOf({ data, dims }: Tensor) {
  return { data, height: dims[2] as number, width: dims[3] as number };
}
