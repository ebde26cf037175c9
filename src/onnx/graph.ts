import { create } from '@bufbuild/protobuf';
import { type AttributeValue, attribute, hasSubgraph } from './attribute.js';
import { copyModel, type OnnxModel } from './model-file.js';
import { ModelSchema, type NodeProto, NodeSchema, type TensorProto, type ValueInfoProto, ValueInfoSchema } from './schema.js';
import { type Constant, ELEMENT, type ElementType, readTensor, writeTensor } from './tensor.js';

const OPSET = 17;
const IR_VERSION = 8;

/** A tensor's size along each axis: a number, a name where it is free, undefined where it is not known. */
export type Dims = readonly (number | string | undefined)[];

/**
 * A model as nodes and constants that can be replaced. Nodes stand in an order in which writers come before readers.
 */
export class Graph {
  readonly nodes: NodeProto[];
  readonly #model: OnnxModel;
  readonly #stored = new Map<string, TensorProto>();
  readonly #constants = new Map<string, Constant | undefined>();

  /** Copies the model, which stays unchanged. */
  constructor(model: OnnxModel) {
    this.#model = copyModel(model);
    this.nodes = this.#model.graph.node;
    for (const tensor of this.#model.graph.initializer) this.#stored.set(tensor.name, tensor);
    for (const { opType, output, attribute } of this.nodes) {
      const value = opType === 'Constant' ? attribute.find(({ name }) => name === 'value')?.t : undefined;
      if (value && output[0] !== undefined) this.#constants.set(output[0], readTensor(value));
    }
  }

  /** A graph without nodes, for ONNX's operators of version 17. */
  static empty(name: string): Graph {
    const opsetImport = [{ domain: '', version: BigInt(OPSET) }];
    return new Graph(create(ModelSchema, { irVersion: BigInt(IR_VERSION), producerName: 'srvid', opsetImport, graph: { name } }) as OnnxModel);
  }

  /** The version of ONNX's own operators that the model uses. */
  get opset(): number {
    return Number(this.#model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0);
  }

  /** Inputs that must be given when the model runs. Old files list their constants among the inputs, too. */
  get inputs(): readonly ValueInfoProto[] {
    return this.#model.graph.input.filter(({ name }) => !this.#stored.has(name));
  }

  get outputs(): readonly ValueInfoProto[] {
    return this.#model.graph.output;
  }

  addInput(name: string, type: ElementType, dims: Dims): string {
    this.#model.graph.input.push(valueInfo(name, type, dims));
    return name;
  }

  /** Adds an output. Without `type` and `dims` the runtime infers them. */
  addOutput(name: string, type?: ElementType, dims?: Dims): void {
    this.#model.graph.output.push(type && dims ? valueInfo(name, type, dims) : create(ValueInfoSchema, { name }));
  }

  isOutput(tensor: string): boolean {
    return this.outputs.some(({ name }) => name === tensor);
  }

  /** A constant's values, from an initializer or a Constant node; undefined for a computed tensor. */
  constant(name: string | undefined): Constant | undefined {
    if (name === undefined) return undefined;
    const stored = this.#stored.get(name);
    if (stored && !this.#constants.has(name)) this.#constants.set(name, readTensor(stored));
    return this.#constants.get(name);
  }

  /** Adds a constant under this name or, where that is taken, a similar one; returns the name. */
  addConstant(name: string, constant: Constant): string {
    const own = this.unusedName(name);
    this.#stored.set(own, writeTensor(own, constant));
    return own;
  }

  writerOf(tensor: string | undefined): NodeProto | undefined {
    return tensor ? this.nodes.find(({ output }) => output.includes(tensor)) : undefined;
  }

  readersOf(tensor: string): NodeProto[] {
    return this.nodes.filter(({ input }) => input.includes(tensor));
  }

  /** Appends a node, or inserts it at `position`; returns its first output. */
  addNode(
    opType: string,
    input: readonly string[],
    output: string | readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    position = this.nodes.length,
  ): string {
    const outputs = typeof output === 'string' ? [output] : [...output];
    const list = Object.entries(attributes).map(([name, value]) => attribute(name, value));
    const name = unused(outputs[0] as string, (candidate) => this.nodes.some((node) => node.name === candidate));
    this.nodes.splice(position, 0, create(NodeSchema, { opType, input: [...input], output: outputs, name, attribute: list }));
    return outputs[0] as string;
  }

  /** `name`, or `name.2` and so on where a tensor has that name. */
  unusedName(name: string): string {
    const inputs = new Set(this.#model.graph.input.map((input) => input.name));
    return unused(name, (candidate) => this.#stored.has(candidate) || inputs.has(candidate) || this.writerOf(candidate) !== undefined);
  }

  /** Makes all readers of a tensor read another, whose name is returned. It has no writer yet. */
  renameReads(tensor: string): string {
    const name = this.unusedName(`${tensor}.inner`);
    for (const node of this.nodes) node.input = node.input.map((read) => (read === tensor ? name : read));
    return name;
  }

  /** Makes the writer of a tensor, and its readers, use another name, which is returned. */
  renameWrites(tensor: string): string {
    const name = this.renameReads(tensor);
    for (const node of this.nodes) node.output = node.output.map((written) => (written === tensor ? name : written));
    return name;
  }

  /**
   * The model without unread nodes and constants. Recorded sizes of intermediate tensors are left out, since they may
   * no longer be true.
   */
  toModel(): OnnxModel {
    const model = copyModel(this.#model);
    const wanted = new Set(model.graph.output.map(({ name }) => name));
    const kept: NodeProto[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.output.some((name) => wanted.has(name))) continue;
      for (const name of namesReadBy(node)) wanted.add(name);
      kept.push(node);
    }
    model.graph.node = kept.reverse();
    model.graph.initializer = [...this.#stored.values()].filter(({ name }) => wanted.has(name));
    model.graph.input = model.graph.input.filter(({ name }) => !this.#stored.has(name) || wanted.has(name));
    model.graph.valueInfo = [];
    return model;
  }
}

/** The tensors that a node reads, including those that graphs inside it read from outside. */
function namesReadBy(node: NodeProto): string[] {
  const inner = hasSubgraph(node) ? node.attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]) : [];
  return [...node.input, ...inner.flatMap((graph) => [...graph.node.flatMap(namesReadBy), ...graph.output.map(({ name }) => name)])];
}

function unused(name: string, isTaken: (name: string) => boolean): string {
  let candidate = name;
  for (let number = 2; isTaken(candidate); number++) candidate = `${name}.${number}`;
  return candidate;
}

function valueInfo(name: string, type: ElementType, dims: Dims): ValueInfoProto {
  const dim = dims.map((size) => ({ value: dimension(size) }));
  return create(ValueInfoSchema, { name, type: { tensorType: { elemType: ELEMENT[type], shape: { dim } } } });
}

function dimension(size: number | string | undefined) {
  if (size === undefined) return { case: undefined };
  return typeof size === 'number' ? { case: 'dimValue' as const, value: BigInt(size) } : { case: 'dimParam' as const, value: size };
}
