// Small networks, made in memory in the form that quantisers write: QuantizeLinear and DequantizeLinear around float operators.
import { randomFrom } from '../dist/eval/random.js';
import { Graph } from '../dist/onnx/graph.js';
import { serializeModel } from '../dist/onnx/model-file.js';

export const scalar = (data) => ({ dims: [], data });

/** A graph under construction; every method gives the name of the tensor that it makes. */
export class Network {
  graph = Graph.empty('network');
  #count = 0;

  constructor(seed = 1) {
    this.random = randomFrom(seed);
  }

  name(kind) {
    return `${kind}${this.#count++}`;
  }

  input(channels, type = 'uint8', [height, width] = ['h', 'w']) {
    return this.graph.addInput('input', type, ['n', channels, height, width]);
  }

  node(kind, inputs, attributes, output = this.name(kind.toLowerCase())) {
    return this.graph.addNode(kind, inputs, output, attributes);
  }

  constant(name, constant) {
    return this.graph.addConstant(name, constant);
  }

  /** 8 bits to float: value = (byte - zero) * step. */
  dequantised(tensor, step, zero = 0) {
    return this.node('DequantizeLinear', [tensor, ...this.#scale(tensor, step, zero)], {}, `${tensor}.value`);
  }

  quantised(tensor, step, zero = 0, output = `${tensor}.bytes`) {
    return this.node('QuantizeLinear', [tensor, ...this.#scale(tensor, step, zero)], {}, output);
  }

  /**
   * A convolution of a dequantised tensor with int8 weights, a step for each output channel (or one for all), and a bias
   * in int32, in float, or none.
   */
  conv(tensor, inputs, outputs, side, { group = 1, inputStep = 1 / 255, perTensor = false, bias = 'int32', name = this.name('conv') } = {}) {
    const dims = [outputs, inputs / group, side, side];
    const count = dims.reduce((product, size) => product * size);
    const weights = Int8Array.from({ length: count }, () => Math.round(this.random() * 254 - 127));
    const amplitude = 1.5 / (127 * Math.sqrt((inputs / group) * side * side));
    const steps = Float32Array.from({ length: perTensor ? 1 : outputs }, () => amplitude * (0.5 + this.random()));
    const sums = Int32Array.from({ length: outputs }, () => Math.round(this.random() * 4000));
    const read = [this.#stored(`${name}.weight`, { dims, data: weights }, steps)];
    const sumSteps = steps.map((step) => step * Math.fround(inputStep));
    if (bias === 'int32') read.push(this.#stored(`${name}.bias`, { dims: [outputs], data: sums }, sumSteps));
    if (bias === 'float') read.push(this.constant(`${name}.bias`, { dims: [outputs], data: Float32Array.from(sums, (sum) => sum * sumSteps[0]) }));
    return this.node('Conv', [tensor, ...read], { kernel_shape: [side, side], pads: Array(4).fill(side >> 1), group }, name);
  }

  /** Bytes to bytes: dequantise, convolve, quantise (with zero point 0, which is a ReLU as well). */
  layer(bytes, inputs, outputs, side, { inputStep = 1 / 255, step = 1 / 100, zero = 0, inputZero = 0, ...rest } = {}) {
    const read = this.graph.writerOf(`${bytes}.value`) ? `${bytes}.value` : this.dequantised(bytes, inputStep, inputZero);
    return this.quantised(this.conv(read, inputs, outputs, side, { inputStep, ...rest }), step, zero);
  }

  /** Constants in 8 or 32 bits with zero point 0, dequantised. */
  #stored(name, constant, steps) {
    const dims = steps.length === 1 ? [] : [steps.length];
    const zero = new constant.data.constructor(steps.length);
    const parameters = [this.constant(`${name}.step`, { dims, data: steps }), this.constant(`${name}.zero`, { dims, data: zero })];
    return this.node('DequantizeLinear', [this.constant(name, constant), ...parameters], { axis: 0 }, `${name}.value`);
  }

  model(output, channels, type = 'uint8') {
    this.graph.addOutput(output, type, ['n', channels, 'h2', 'w2']);
    return this.graph.toModel();
  }

  bytes(...output) {
    return serializeModel(this.model(...output));
  }

  #scale(tensor, step, zero) {
    return [this.constant(`${tensor}.step`, scalar(Float32Array.of(step))), this.constant(`${tensor}.zero`, scalar(Uint8Array.of(zero)))];
  }
}
