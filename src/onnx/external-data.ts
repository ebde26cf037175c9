import { clone } from '@bufbuild/protobuf';
import { type AttributeProto, type GraphProto, ModelSchema, type NodeProto, type OnnxModel, type SparseTensorProto, type TensorProto } from './schema.js';

/** `TensorProto.DataLocation`: in the message itself, or in another file. */
const LOCATION = { here: 0, elsewhere: 1 } as const;

/** Names of the files that hold tensors of a model, in the model's own spelling; its readers take them for paths. */
export function externalFiles(model: OnnxModel): readonly string[] {
  return [...new Set([...tensorsOf(model)].filter(isExternal).map((tensor) => settingOf(tensor, 'location') ?? ''))];
}

/**
 * The same model with its external tensors included, so that its readers open no other file.
 * @param files the files' bytes, by name
 * @throws an Error where a file is not among them, or is too short
 */
export function withExternalData(model: OnnxModel, files: ReadonlyMap<string, Uint8Array>): OnnxModel {
  const whole = clone(ModelSchema, model) as OnnxModel;
  for (const tensor of tensorsOf(whole)) {
    if (!isExternal(tensor)) continue;
    const name = settingOf(tensor, 'location') ?? '';
    const bytes = files.get(name);
    const offset = Number(settingOf(tensor, 'offset') ?? 0);
    const length = Number(settingOf(tensor, 'length') ?? (bytes?.length ?? 0) - offset);
    if (!bytes || !(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      throw new Error(`tensor "${tensor.name}" is to lie in ${JSON.stringify(name)} from ${offset} for ${length} bytes, which are not there`);
    }
    tensor.rawData = Uint8Array.from(bytes.subarray(offset, offset + length));
    tensor.dataLocation = LOCATION.here;
    tensor.externalData = [];
  }
  return whole;
}

function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === LOCATION.elsewhere || tensor.externalData.length > 0;
}

function settingOf({ externalData }: TensorProto, key: string): string | undefined {
  return externalData.find((entry) => entry.key === key)?.value;
}

/** All tensors of a model, including those in constants, branches, loops, functions and training graphs. */
function* tensorsOf({ graph, functions, trainingInfo }: OnnxModel): Generator<TensorProto> {
  yield* inGraph(graph);
  for (const { node, attributeProto } of functions) {
    yield* inNodes(node);
    for (const attribute of attributeProto) yield* inAttribute(attribute);
  }
  for (const { initialization, algorithm } of trainingInfo) {
    if (initialization) yield* inGraph(initialization);
    if (algorithm) yield* inGraph(algorithm);
  }
}

function* inGraph({ initializer, sparseInitializer, node }: GraphProto): Generator<TensorProto> {
  yield* initializer;
  for (const sparse of sparseInitializer) yield* inSparse(sparse);
  yield* inNodes(node);
}

function* inNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const { attribute } of nodes) for (const one of attribute) yield* inAttribute(one);
}

function* inAttribute({ t, tensors, g, graphs, sparseTensor, sparseTensors }: AttributeProto): Generator<TensorProto> {
  if (t) yield t;
  yield* tensors;
  for (const graph of g ? [g, ...graphs] : graphs) yield* inGraph(graph);
  for (const sparse of sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors) yield* inSparse(sparse);
}

function* inSparse({ values, indices }: SparseTensorProto): Generator<TensorProto> {
  if (values) yield values;
  if (indices) yield indices;
}
