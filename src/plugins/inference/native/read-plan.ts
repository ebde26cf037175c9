import { intOf, stringOf } from '../../../onnx/attribute.js';
import { Graph } from '../../../onnx/graph.js';
import { type OnnxModel, parseModel } from '../../../onnx/model-file.js';
import { isDequantise, isQuantise, type Scale, scaleOf } from '../../../onnx/quantised-conv.js';
import type { NodeProto } from '../../../onnx/schema.js';
import { type InputPicture, inputPictures } from './input-pictures.js';
import { isUnmoved, joinPictures, type Margins, type Picture, pickChannels, wholeValue, withMargins } from './picture.js';
import { type PixelResult, pixelResult, pixelRows } from './pixel-result.js';
import type { NativeConv, NativeNetwork, NativePlanes } from './plan.js';
import { withFilters, withoutUnread } from './prune.js';
import { readConv, storedConv } from './read-conv.js';
import { Unsupported } from './unsupported.js';

/** Larger graphs are no super-resolvers of frames of video, and take long to read. */
const MOST_NODES = 2000;

/**
 * Reads a network for the native engine, which gives the same bytes as ONNX Runtime; or says in a sentence's
 * end why it cannot: "it has a PRelu". `bytes` is an ONNX file.
 * @throws SRVID_MODEL_INVALID where it is none
 */
export function readPlan(bytes: Uint8Array, name: string): NativeNetwork | { readonly unsupported: string } {
  try {
    return new PlanReader(withoutDeadNodes(parseModel(bytes, name))).read();
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message };
    throw error;
  }
}

function withoutDeadNodes(model: OnnxModel): Graph {
  if (model.graph.node.length > MOST_NODES) throw new Unsupported(`it has more than ${MOST_NODES} operators`);
  return new Graph(new Graph(model).toModel());
}

/** Operators that belong to the convolution or the addition beside them, with which they are read. */
const WITH_OTHERS = new Set(['Constant', 'DequantizeLinear', 'QuantizeLinear', 'Relu', 'Clip']);

/** Channels of a convolution, and those of the input that are added to them. */
interface Sum {
  readonly picture: Picture;
  readonly anchor: Picture;
}

class PlanReader {
  /** Tensors of bytes, by name. What is not here cannot be read on. */
  readonly #pictures = new Map<string, Picture>();
  readonly #convs: NativeConv[] = [];
  /** Channels of each value. */
  readonly #sizes: number[];
  readonly #inputs: readonly InputPicture[];
  /** Sums with the anchor, and parts of them. Nothing but a choice of channels and the rearrangement at the end may follow them. */
  readonly #sums = new Map<string, Sum>();
  /** Results of pixels: bytes of a picture with all channels of a pixel side by side. */
  readonly #pixels = new Map<string, Picture>();
  readonly #shuffled = new Map<string, { readonly from: string; readonly block: number; readonly mode: string }>();

  constructor(private readonly graph: Graph) {
    this.#inputs = inputPictures(graph);
    this.#sizes = [this.#inputs.reduce((sum, { channels }) => sum + channels.channels.length, 0)];
    for (const { name, block, channels } of this.#inputs) if (block === 1) this.#pictures.set(name, channels);
  }

  read(): NativeNetwork {
    for (const node of this.graph.nodes) this.#readNode(node);
    if (this.#pixels.size > 0) return this.#readPixels();
    const pictures = this.graph.outputs.map(({ name }) => this.#outputPicture(name));
    const anchors = pictures.flatMap(({ anchor }) => anchor ?? []);
    if (anchors.length > 0 && anchors.length < pictures.length) throw new Unsupported('it adds its input to some of its outputs only');
    const plan = withoutUnread({
      ...{ inputs: this.#inputPlanes(), pixelResults: 0 },
      outputs: pictures.map(({ block, picture }) => ({ planes: picture.channels.length / block ** 2, block })),
      convs: [...this.#convs.slice(0, -1), this.#last(joinPictures(pictures.map(({ picture }) => picture)))],
      anchor: anchors.length > 0 ? Int32Array.from(joinPictures(anchors).channels, ({ channel }) => channel) : undefined,
    });
    return { plan, inputs: this.#inputNames(), outputs: this.graph.outputs.map(({ name }, result) => ({ name, result, values: undefined })) };
  }

  /** An output's channels of the last convolution, and the input's that are added to them, in the order of `NativePlan.outputs`. */
  #outputPicture(name: string): { readonly block: number; readonly picture: Picture; readonly anchor: Picture | undefined } {
    const { from, block, mode } = this.#shuffled.get(name) ?? { from: name, block: 1, mode: 'CRD' };
    const sum = this.#sums.get(from);
    return { block, picture: planesFirst(sum?.picture ?? this.#picture(from), block, mode), anchor: sum && planesFirst(sum.anchor, block, mode) };
  }

  #inputPlanes(): NativePlanes[] {
    return this.#inputs.map(({ planes, block }) => ({ planes, block }));
  }

  #inputNames(): string[] {
    return this.#inputs.map(({ name }) => name);
  }

  #readPixels(): NativeNetwork {
    const results = this.graph.outputs.map(({ name }) => pixelResult(this.graph, name, this.#pixels));
    const convs = this.#withResults(results);
    const first = convs.length - results.length + 1;
    const plan = { inputs: this.#inputPlanes(), outputs: [], pixelResults: results.length, convs, anchor: undefined };
    return {
      plan: withoutUnread(plan),
      inputs: this.#inputNames(),
      outputs: results.map(({ name, value, values }) => ({ name, result: value - first, values })),
    };
  }

  /** The convolutions, the last of which are the results, with their channels in the order of the outputs. */
  #withResults(results: readonly PixelResult[]): NativeConv[] {
    const convs = [...this.#convs];
    const values = new Set(results.map(({ value }) => value));
    const inner = convs.length - results.length;
    if (values.size !== results.length || results.some(({ value }) => value <= inner))
      throw new Unsupported('its outputs are not those of its last convolutions');
    if (convs.some(({ inputs }) => inputs.some((input) => input > inner))) throw new Unsupported('it reads what it gives');
    assertInnerZero(convs.slice(0, inner));
    for (const { value, order } of results) convs[value - 1] = withFilters(convs[value - 1] as NativeConv, order);
    return convs;
  }

  #readNode(node: NodeProto): void {
    const { opType, domain, output } = node;
    if (domain !== '' && domain !== 'ai.onnx') throw new Unsupported(`it has an operator of another set, ${domain}.${opType}`);
    if (isDequantise(node) || isQuantise(node)) assertOld(node);
    if (WITH_OTHERS.has(opType)) return;
    if (opType === 'Conv') this.#readConv(node);
    else if (opType === 'Add') this.#readSum(node);
    else if (opType === 'DepthToSpace') this.#readShuffle(node);
    else if (opType === 'Transpose' || opType === 'Reshape') this.#pixels.set(output[0] as string, pixelRows(this.graph, node, this.#pictures, this.#pixels));
    else if (this.#sums.has(node.input[0] as string)) this.#sums.set(output[0] as string, this.#partOfSum(node));
    else this.#pictures.set(output[0] as string, this.#rearranged(node));
  }

  #readConv(node: NodeProto): void {
    const stored = storedConv(this.graph, node);
    const read = readConv(this.graph, stored, this.#picture(stored.reads), this.#sizes);
    this.#convs.push(read);
    this.#sizes.push(read.channels);
    this.#pictures.set(stored.writes, wholeValue(this.#convs.length, read.channels));
  }

  #rearranged(node: NodeProto, given?: Picture): Picture {
    const { opType, input } = node;
    const first = () => given ?? this.#picture(input[0]);
    if (opType === 'Gather' && intOf(node, 'axis', 0) === 1) return pickChannels(first(), this.#numbers(input[1]));
    if (opType === 'Concat' && intOf(node, 'axis', 0) === 1) return joinPictures(input.map((name) => this.#picture(name)));
    if (opType === 'Pad') return withMargins(first(), this.#padding(node));
    if (opType === 'Slice') return this.#sliced(node, first());
    if (opType === 'SpaceToDepth') return this.#folded(node);
    throw new Unsupported(`it has ${/^[AEIOU]/.test(opType) ? 'an' : 'a'} ${opType}`);
  }

  /** Channels of a sum with the anchor: the same of the convolution and of the input. */
  #partOfSum(node: NodeProto): Sum {
    const { picture, anchor } = this.#sums.get(node.input[0] as string) as Sum;
    const parts = [picture, anchor].map((part) => this.#rearranged(node, part)) as [Picture, Picture];
    if (!['Gather', 'Slice'].includes(node.opType) || !parts.every(isUnmoved)) throw new Unsupported('it goes on after the sum with its input');
    return { picture: parts[0], anchor: parts[1] };
  }

  #folded(node: NodeProto): Picture {
    const input = this.#inputs.find(({ name, block }) => name === node.input[0] && block === intOf(node, 'blocksize', 1));
    if (!input) throw new Unsupported('it folds something else than its inputs alone');
    return input.channels;
  }

  #padding(node: NodeProto): Margins {
    const { input } = node;
    const pads = this.#numbers(input[1]);
    const fill = input[2] ? this.graph.constant(input[2])?.data[0] : 0;
    const isPlain = (stringOf(node, 'mode') || 'constant') === 'constant' && !input[3] && pads.length === 8 && [0, 1, 4, 5].every((end) => pads[end] === 0);
    if (!isPlain || Number(fill) !== 0) throw new Unsupported('it pads with something else than zeros around the picture');
    return { top: pads[2] as number, left: pads[3] as number, bottom: pads[6] as number, right: pads[7] as number };
  }

  #sliced({ input }: NodeProto, picture: Picture): Picture {
    const [starts, ends] = [this.#numbers(input[1]), this.#numbers(input[2])];
    const axes = input[3] ? this.#numbers(input[3]) : starts.map((_, index) => index);
    const steps = input[4] ? this.#numbers(input[4]) : [];
    if (steps.some((step) => step !== 1)) throw new Unsupported('it takes every nth row, column or channel');
    const margins = { top: 0, left: 0, bottom: 0, right: 0 };
    let { channels } = picture;
    for (const [index, axis] of axes.entries()) {
      const [start, end] = [starts[index] as number, ends[index] as number];
      if (axis === 1) channels = channels.slice(start, end);
      // A picture's sides are not known: only "the first n" and "all but the last n" say the same of all of them.
      else if ((axis !== 2 && axis !== 3) || start < 0 || (end >= 0 && end < 2 ** 31 - 1))
        throw new Unsupported('it cuts a part of fixed size out of the picture');
      else Object.assign(margins, axis === 2 ? { top: -start, bottom: Math.min(end, 0) } : { left: -start, right: Math.min(end, 0) });
    }
    return withMargins({ ...picture, channels }, margins);
  }

  /** Adds channels of the input to the last convolution's bytes: Dequantize both, Add, Quantize. All steps must be equal, so that the sum is exact. */
  #readSum(node: NodeProto): void {
    const [a, b] = node.input.map((name) => this.graph.writerOf(name));
    const [store, ...others] = this.graph.readersOf(node.output[0] as string);
    if (!isDequantise(a) || !isDequantise(b) || !isQuantise(store) || others.length > 0)
      throw new Unsupported('it adds other things than two pictures of bytes');
    const of = (side: NodeProto) => ({ picture: this.#picture(side.input[0]), scale: scaleOf(this.graph, side) });
    const isInput = ({ picture }: { readonly picture: Picture }) => picture.channels.every(({ value }) => value === 0);
    const [detail, anchor] = isInput(of(a)) ? [of(b), of(a)] : [of(a), of(b)];
    const last = this.#convs.at(-1);
    const ends = [detail.scale, anchor.scale, scaleOf(this.graph, store)];
    if (!isInput(anchor) || !last || !isUnmoved(anchor.picture) || anchor.picture.channels.length !== detail.picture.channels.length) {
      throw new Unsupported('it adds something else than its input');
    }
    if (!isExact(ends, last.zeroPoint)) throw new Unsupported('it adds pictures in different steps');
    this.#sums.set(store.output[0] as string, { picture: detail.picture, anchor: anchor.picture });
  }

  #readShuffle(node: NodeProto): void {
    const [from = '', tensor = ''] = [node.input[0], node.output[0]];
    this.#shuffled.set(tensor, { from, block: intOf(node, 'blocksize', 1), mode: stringOf(node, 'mode') || 'DCR' });
  }

  /** The last convolution, with its channels in the order of the output. */
  #last(picture: Picture): NativeConv {
    const { length } = this.#convs;
    const last = this.#convs.at(-1);
    if (!last || !isUnmoved(picture) || picture.channels.some(({ value }) => value !== length))
      throw new Unsupported('its output is not that of one convolution');
    assertInnerZero(this.#convs.slice(0, -1));
    const order = picture.channels.map(({ channel }) => channel);
    return withFilters(last, order);
  }

  #picture(name: string | undefined): Picture {
    const picture = this.#pictures.get(name ?? '');
    if (picture) return picture;
    throw new Unsupported(
      this.#sums.has(name ?? '') ? 'it goes on after the sum with its input' : `its tensor ${name} is not a picture of bytes by a convolution`,
    );
  }

  #numbers(name: string | undefined): number[] {
    const constant = this.graph.constant(name);
    if (!constant) throw new Unsupported('it rearranges pictures by computed numbers');
    return [...constant.data].map(Number);
  }
}

function assertInnerZero(convs: readonly NativeConv[]): void {
  if (convs.some(({ zeroPoint }) => zeroPoint !== 0)) throw new Unsupported('values between its convolutions have zero points other than 0');
}

/** Later versions of ONNX have quantisation in blocks, and types that no constant names. */
function assertOld({ opType, attribute }: NodeProto): void {
  if (attribute.some(({ name }) => name !== 'axis')) throw new Unsupported(`it has a ${opType} of a newer form`);
}

/** True where (a - zero) + b in these steps is a sum of whole steps, and is stored as it is. */
function isExact([detail, anchor, sum]: readonly (Scale | undefined)[], zero: number): boolean {
  if (!detail || !anchor || !sum || [detail, anchor, sum].some(({ step, signed }) => signed || step !== detail.step)) return false;
  return detail.zero === zero && anchor.zero === 0 && sum.zero === 0;
}

/** The channels in the order [plane][row][column] of DepthToSpace's mode CRD. */
function planesFirst(picture: Picture, block: number, mode: string): Picture {
  const area = block * block;
  const planes = picture.channels.length / area;
  if (!Number.isInteger(planes)) throw new Unsupported('its pixel shuffle does not fit its channels');
  if (mode === 'CRD') return picture;
  return pickChannels(
    picture,
    Array.from({ length: planes * area }, (_, index) => (index % area) * planes + Math.floor(index / area)),
  );
}
