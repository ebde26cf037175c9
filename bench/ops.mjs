// `npm run bench -- ops [--json] [--svg FILE] [--rounds N] [--least]`: what each operator costs here, int8 and float, one
// thread; medians of the rounds, or with --least, for a machine that others use, the shortest. --kind convolution, tensor,
// activation or resize measures those alone.
// The study of Du et al. 2021 (ABPN, arXiv 2105.09750, "meta-node latency"), for this runtime instead of a phone.
import { writeFileSync } from 'node:fs';
import { timeModels } from '../dist/doctor/timing.js';
import { Network } from './networks.mjs';
import { drawOps } from './ops-chart.mjs';
import { optionsOf } from './options.mjs';

const [WIDTH, HEIGHT] = [640, 360];
const CHANNELS = [4, 16, 28, 32, 48, 64];
/** Changes of layout happen where a network begins and ends, not at every operator. */
const LAYOUT = new Set(['Transpose', 'ReorderInput', 'ReorderOutput']);

/** Builds an operator's part of a network: values in, values out; gives the name and the number of channels. */
const conv = (side, groups) => (network, x, channels, int8) => {
  const group = groups(channels);
  const convolve = int8 ? 'conv' : 'floatConv';
  return [network[convolve](x, channels, channels, side, { group, inputStep: 1 / 100 }), channels];
};
const unary =
  (kind, attributes = {}, constants = () => []) =>
  (network, x, channels) => [network.node(kind, [x, ...constants(network, channels)], attributes), channels];
const floats = (network, name, ...values) => network.constant(name, { dims: values.length === 1 ? [] : [values.length], data: Float32Array.from(values) });
const longs = (network, name, ...values) => network.constant(name, { dims: [values.length], data: BigInt64Array.from(values, BigInt) });
const resize = (mode) => (network, x, channels) => {
  const coordinates = { mode, coordinate_transformation_mode: mode === 'nearest' ? 'asymmetric' : 'half_pixel', nearest_mode: 'floor' };
  return [network.node('Resize', [x, '', floats(network, 'scales', 1, 1, 2, 2)], coordinates), channels];
};

const OPERATORS = [
  { kind: 'convolution', name: 'conv 1x1', build: conv(1, () => 1) },
  { kind: 'convolution', name: 'conv 3x3', build: conv(3, () => 1) },
  { kind: 'convolution', name: 'conv 5x5', build: conv(5, () => 1) },
  { kind: 'convolution', name: 'conv 3x3, 4 groups', build: conv(3, () => 4) },
  { kind: 'convolution', name: 'conv 3x3 depthwise', build: conv(3, (channels) => channels) },
  { kind: 'tensor', name: 'add', build: (network, x, channels) => [network.node('Add', [x, network.other]), channels] },
  { kind: 'tensor', name: 'mul', build: (network, x, channels) => [network.node('Mul', [x, network.other]), channels] },
  {
    kind: 'tensor',
    name: 'concat (to twice the channels)',
    build: (network, x, channels) => [network.node('Concat', [x, network.other], { axis: 1 }), 2 * channels],
  },
  {
    kind: 'tensor',
    name: 'split (into halves, one kept)',
    build: (network, x, channels) => [network.graph.addNode('Split', [x], ['half', 'other'], { axis: 1 }), channels / 2],
  },
  {
    kind: 'tensor',
    name: 'slice (half the channels)',
    build: (network, x, channels) => [
      network.node('Slice', [x, longs(network, 'from', 0), longs(network, 'to', channels / 2), longs(network, 'axis', 1)]),
      channels / 2,
    ],
  },
  {
    kind: 'tensor',
    name: 'depth-to-space 2',
    build: (network, x, channels) => [network.node('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' }), channels / 4],
  },
  { kind: 'activation', name: 'ReLU', build: unary('Relu') },
  { kind: 'activation', name: 'clip 0..1', build: unary('Clip', {}, (network) => [floats(network, 'black', 0), floats(network, 'white', 1)]) },
  {
    kind: 'activation',
    name: 'PReLU',
    build: unary('PRelu', {}, (network, channels) => [network.constant('slopes', { dims: [channels, 1, 1], data: new Float32Array(channels).fill(0.1) })]),
  },
  { kind: 'activation', name: 'sigmoid', build: unary('Sigmoid') },
  { kind: 'resize', name: 'resize 2, nearest', build: resize('nearest') },
  { kind: 'resize', name: 'resize 2, bilinear', build: resize('linear') },
];

/** The network with float convolutions, and `other`, a second tensor to join the first with. */
class Operator extends Network {
  other = '';

  floatConv(tensor, inputs, outputs, side, { group }) {
    const dims = [outputs, inputs / group, side, side];
    const data = Float32Array.from({ length: dims.reduce((product, size) => product * size) }, () => this.random() - 0.5);
    const parameters = [this.constant('weight', { dims, data }), this.constant('bias', { dims: [outputs], data: new Float32Array(outputs).fill(0.1) })];
    return this.node('Conv', [tensor, ...parameters], { kernel_shape: [side, side], pads: Array(4).fill(side >> 1), group });
  }
}

/** int8: bytes, DequantizeLinear, the operator, QuantizeLinear, bytes, at scales that the runtime has kernels for. */
function int8Model({ build }, channels) {
  const network = new Operator(1);
  const input = network.input(channels, 'uint8');
  network.graph.addInput('second', 'uint8', ['n', channels, 'h', 'w']);
  network.other = network.dequantised('second', 1 / 100);
  const [result, outputs] = build(network, network.dequantised(input, 1 / 100), channels, true);
  return network.model(network.quantised(result, 1 / 100, 0, 'stored'), outputs);
}

function floatModel({ build }, channels) {
  const network = new Operator(1);
  const input = network.input(channels, 'float32');
  network.graph.addInput('second', 'float32', ['n', channels, 'h', 'w']);
  network.other = 'second';
  const [result, outputs] = build(network, input, channels, false);
  return network.model(result, outputs, 'float32');
}

function run(model, channels, type) {
  const data = new (type === 'uint8' ? Uint8Array : Float32Array)(channels * HEIGHT * WIDTH);
  for (let at = 0; at < data.length; at++) data[at] = type === 'uint8' ? (at * 7919) % 251 : ((at * 7919) % 251) / 100;
  const tensor = { dims: [1, channels, HEIGHT, WIDTH], data };
  return { model, inputs: Object.fromEntries(model.graph.input.map(({ name }) => [name, tensor])) };
}

/** Milliseconds of everything that ONNX Runtime made of the operator, in int8 and in float, run in turn. */
async function timed(operator, channels, rounds, statistic) {
  const runs = [run(int8Model(operator, channels), channels, 'uint8'), run(floatModel(operator, channels), channels, 'float32')];
  const [int8, fp32] = (await timeModels(runs, { rounds })).map(({ nodes }) => [...nodes.values()].filter(({ operator: kind }) => !LAYOUT.has(kind)));
  const sum = (parts) => parts.reduce((total, part) => total + part[statistic], 0);
  return { channels, int8: sum(int8), fp32: sum(fp32), operators: int8.map(({ operator: kind }) => kind) };
}

export async function measure(args) {
  const { json, svg, rounds, least, kind: wanted } = optionsOf({ json: false, svg: undefined, rounds: 9, least: false, kind: undefined }, args);
  const statistic = least ? 'leastMs' : 'ms';
  const rows = [];
  for (const operator of OPERATORS.filter(({ kind }) => kind === (wanted ?? kind))) {
    const cells = [];
    for (const channels of CHANNELS) cells.push(await timed(operator, channels, rounds, statistic));
    rows.push({ kind: operator.kind, name: operator.name, cells });
    if (!json) process.stderr.write(`${operator.name}\n`);
  }
  if (svg) writeFileSync(svg, drawOps(rows));
  console.log(json ? JSON.stringify({ width: WIDTH, height: HEIGHT, rounds, statistic, rows }, null, 2) : markdown(rows));
}

function markdown(rows) {
  const head = `| int8 / fp32, ms at ${WIDTH}x${HEIGHT} | ${CHANNELS.join(' | ')} | computed in int8 by |\n|---|${CHANNELS.map(() => '---').join('|')}|---|`;
  const line = ({ name, cells }) => {
    const last = cells.find(({ channels }) => channels === 32);
    return `| ${name} | ${cells.map(({ int8, fp32 }) => `${int8.toFixed(1)} / ${fp32.toFixed(1)}`).join(' | ')} | ${[...new Set(last.operators)].join(', ')} |`;
  };
  return `${head}\n${rows.map(line).join('\n')}`;
}
