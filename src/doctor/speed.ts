import { counted } from '../counted.js';
import { SrvidError } from '../errors.js';
import { randomFrom } from '../eval/random.js';
import { intOf } from '../onnx/attribute.js';
import { type ConvVerdict, judgeConv, type OutputMultiple, type Rewrite } from '../onnx/fast-conv.js';
import { Graph } from '../onnx/graph.js';
import { lower } from '../onnx/lower.js';
import type { OnnxModel } from '../onnx/model-file.js';
import { isConv } from '../onnx/quantised-conv.js';
import type { NodeProto } from '../onnx/schema.js';
import type { Size } from '../plugins/contract.js';
import type { PictureNetwork } from './picture-network.js';
import { proveEqual } from './proof.js';
import type { ConvolutionReport, SpeedReport } from './report.js';
import { type Timing, timeModels } from './timing.js';

const INT8_OPERATORS = new Set(['QLinearConv', 'ConvInteger', 'MatMulInteger']);

/**
 * Times a network as it is and as `lower` would rewrite it, and reports each convolution. `size` is that of the test
 * picture.
 */
export async function measureSpeed(
  model: OnnxModel,
  network: PictureNetwork,
  size: Size,
  outputMultiple: OutputMultiple,
  signal?: AbortSignal,
): Promise<SpeedReport> {
  const rewritten = lower(model, outputMultiple);
  const models = rewritten.lowered.length > 0 ? [model, rewritten.model] : [model];
  const inputs = testPicture(network, size);
  const [timing, loweredTiming] = (await timeModels(
    models.map((timed) => ({ model: timed, inputs })),
    { signal },
  )) as [Timing, Timing?];
  const graph = new Graph(model);
  const convolutions = graph.nodes
    .filter(({ opType }) => opType.includes('Conv') && opType !== 'ConvTranspose')
    .map((node) =>
      reportOn(
        graph,
        node,
        isConv(node) ? judgeConv(graph, node, outputMultiple) : { obstacle: `it is a ${node.opType}, not QuantizeLinear and DequantizeLinear around a Conv` },
        timing,
        loweredTiming,
      ),
    );
  const lowered = loweredTiming && {
    ms: rounded(loweredTiming.ms),
    addedMs: rounded(addedTo(timing, loweredTiming)),
    equal: await isEqual(model, rewritten.model, signal),
  };
  return { ...size, ms: rounded(timing.ms), ...(lowered ? { lowered } : {}), convolutions };
}

function reportOn(graph: Graph, node: NodeProto, verdict: ConvVerdict, timing: Timing, lowered: Timing | undefined): ConvolutionReport {
  const output = node.output[0] as string;
  const dims = kernelOf(graph, node);
  const [outputs = 0, groupInputs = 0, ...sides] = dims;
  const groups = intOf(node, 'group', 1);
  const ran = timing.nodes.get(output);
  const operator = ran?.operator ?? 'unknown';
  const shape = {
    name: node.name || output,
    kernel: sides.join('x'),
    inputs: groupInputs * groups,
    outputs,
    groups,
    operator,
    ...(ran ? { ms: rounded(ran.ms) } : {}),
  };
  const told = judgement(verdict, operator);
  if (!told) return { ...shape, fast: true };
  const after = lowered?.nodes.get(output);
  const rewrites = !('obstacle' in verdict) && verdict.rewrites.length > 0;
  return { ...shape, fast: false, ...told, ...(after && rewrites ? { loweredMs: rounded(after.ms) } : {}) };
}

/** The reason why a convolution is not on the fast path, and the remedy; undefined where it is fast. */
function judgement(verdict: ConvVerdict, operator: string): { readonly reason: string; readonly remedy: string } | undefined {
  if ('obstacle' in verdict) {
    return { reason: `not in int8: ${verdict.obstacle}`, remedy: 'quantise it: QuantizeLinear and DequantizeLinear around it, int8 weights with zero point 0' };
  }
  const { quantised, rewrites, tooWide } = verdict;
  if (operator !== 'unknown' && !INT8_OPERATORS.has(operator)) {
    return { reason: `computed in float (${operator})`, remedy: "let the bias's step be the product of the steps of input and weights, in int32" };
  }
  if (tooWide)
    return { reason: `${quantised.group} groups, too many channels to be written dense`, remedy: 'use one group, or depthwise with a multiple of 16 channels' };
  if (rewrites.length === 0) return undefined;
  return { reason: rewrites.map(reasonOf).join('; '), remedy: `srvid lower: ${rewrites.map(rewriteInWords).join(', ')}` };
}

function reasonOf({ kind, from, to }: Rewrite): string {
  if (kind === 'dense') return `${from} groups`;
  if (kind === 'spread') return `a ${from}x${from} kernel on 1 input channel, no multiple of 4`;
  if (kind === 'pad-input') return `${counted(from, 'input channel')}, no multiple of 4`;
  return from < 16 ? `${counted(from, 'output channel')}, fewer than 16` : `${from} output channels, no multiple of ${to % 8 === 0 && from % 4 === 0 ? 8 : 4}`;
}

/** A rewrite in words, for reports. */
export function rewriteInWords({ kind, from, to }: Rewrite): string {
  if (kind === 'dense') return 'dense with a block-diagonal kernel';
  if (kind === 'spread') return `the ${from}x${from} kernel as ${to}x${to} on the input shifted four ways`;
  return `${kind === 'pad-input' ? 'input' : 'output'} channels ${from} to ${to}`;
}

function kernelOf(graph: Graph, node: NodeProto): readonly number[] {
  const weights = node.opType === 'QLinearConv' ? node.input[3] : node.input[1];
  return graph.constant(weights)?.dims ?? graph.constant(graph.writerOf(weights)?.input[0])?.dims ?? [];
}

/**
 * Milliseconds of nodes that the rewritten network has beyond the original's, the runtime's own transposes included.
 */
function addedTo(before: Timing, after: Timing): number {
  return [...after.nodes].reduce((sum, [name, { ms }]) => sum + (before.nodes.has(name) ? 0 : ms), 0);
}

async function isEqual(model: OnnxModel, rewritten: OnnxModel, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await proveEqual(model, rewritten, { signal });
    return true;
  } catch (error) {
    if (error instanceof SrvidError && error.code === 'SRVID_MODEL_DIFFERS') return false;
    throw error;
  }
}

/** Noise within video's range. */
function testPicture({ inputs, planes, white }: PictureNetwork, { width, height }: Size) {
  const random = randomFrom(1);
  return Object.fromEntries(
    inputs.map(({ name, type }, index) => {
      const side = (length: number) => (index > 0 ? length / 2 : length);
      const dims = [1, planes === 'rgb' ? 3 : 1, side(height), side(width)];
      const bytes = Uint8Array.from({ length: dims.reduce((product, size) => product * size) }, () => 16 + Math.floor(random() * 220));
      return [name, { dims, data: type === 'uint8' ? bytes : Float32Array.from(bytes, (byte) => (byte / 255) * white) }];
    }),
  );
}

function rounded(ms: number): number {
  return Number(ms.toFixed(3));
}
