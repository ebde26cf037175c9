import type { NativePlan } from '../../../../dist/plugins/inference/native/plan.js';

/** A plan with one convolution of 3x3 to four channels, shuffled by 2: its result is twice as large as its input. */
export function smallPlan(): NativePlan {
  const weights = Int8Array.from({ length: 36 }, (_, index) => ((index * 37) % 201) - 100);
  return {
    inputs: [{ planes: 1, block: 1 }],
    convs: [{ inputs: [0], kernel: 3, channels: 4, weights, bias: new Int32Array(4), multiplier: new Float32Array(4).fill(0.002), zeroPoint: 0 }],
    anchor: new Int32Array(4),
    outputs: [{ planes: 1, block: 2 }],
    pixelResults: 0,
  };
}
