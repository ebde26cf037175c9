import type { OutputMultiple } from '../onnx/fast-conv.js';
import { cpuFlags } from '../plugins/inference/cpu-flags.js';

/** The multiple of output channels that ONNX Runtime's fast int8 convolution requires on this CPU. */
export async function outputMultipleHere(): Promise<OutputMultiple> {
  const flags = await cpuFlags();
  return flags?.has('avx2') && !flags.has('avx512bw') ? 8 : 4;
}
