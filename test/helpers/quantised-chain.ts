import { Network } from '../../bench/networks.mjs';
import type { OnnxModel } from '../../dist/onnx/model-file.js';

/** A convolution of a chain. `groups`: one for all channels, some, or each channel by itself. */
export interface Layer {
  readonly channels: number;
  readonly side: number;
  readonly groups: string;
  readonly zero: number;
  readonly perTensor: boolean;
  readonly bias: string;
  readonly activation: string;
  readonly signed?: boolean;
}

/** A chain of quantised convolutions over a picture of `first` channels; each layer reads what the one before it stored. */
export function quantisedChain(seed: number, first: number, layers: readonly Layer[], float = false): OnnxModel {
  const network = new Network(seed);
  let [stored, inputs, step, zero] = [network.input(first, float ? 'float32' : 'uint8'), first, 1 / 255, 0];
  if (float) stored = network.quantised(stored, step, 0);
  for (const { channels, side, groups, perTensor, bias, activation, ...rest } of layers) {
    const group = groups === 'one' ? 1 : groups === 'each' ? inputs : ([4, 3, 2].find((count) => inputs % count === 0) ?? 1);
    const outputs = groups === 'each' ? inputs : Math.ceil(channels / group) * group;
    let tensor = network.conv(network.dequantised(stored, step, zero), inputs, outputs, side, { group, inputStep: step, perTensor, bias });
    if (activation === 'Relu') tensor = network.node('Relu', [tensor]);
    if (activation === 'Clip') tensor = network.node('Clip', [tensor, network.constant('low', { dims: [], data: Float32Array.of(0) })]);
    [step, zero, inputs] = [1 / 60, rest.zero, outputs];
    stored = network.quantised(tensor, step, zero);
  }
  return network.model(stored, inputs);
}
