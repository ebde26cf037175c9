import type { Kernels } from '../pixels/kernels.js';

type Loop<Result = void> = (...parameters: readonly number[]) => Result;

/** The exports of `pixels/assembly/pixel-heads.ts`, which says what their parameters are. */
export interface PixelKernels extends Kernels {
  readonly base: Loop;
  readonly part: Loop<number>;
  readonly count: Loop;
  readonly firstLayerOfBytes: Loop;
  readonly firstLayerOfFloats: Loop;
  readonly note: Loop;
  readonly addBytes: Loop;
  readonly addFloats: Loop;
  readonly refine: Loop;
  readonly paint: Loop;
}

/** The file of these kernels. */
export const PIXEL_KERNELS = new URL('../pixels/pixel-heads.wasm', import.meta.url);
