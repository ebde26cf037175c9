import { create, createFileRegistry, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type Field, MESSAGES } from './fields.js';

/**
 * The messages of an ONNX file that srvid reads or writes, by the field numbers of the ONNX specification (IR version
 * 13, `onnx.proto`, proto2). Fields that are not listed here (sharding, quantisation annotations ...) stay in the
 * messages as they came and are written again.
 */
export interface ModelProto extends Message<'onnx.ModelProto'> {
  irVersion: bigint;
  opsetImport: OperatorSetIdProto[];
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: bigint;
  docString: string;
  graph?: GraphProto;
  metadataProps: StringStringEntryProto[];
  functions: FunctionProto[];
  trainingInfo: TrainingInfoProto[];
}

/** Operators made of others. */
export interface FunctionProto extends Message<'onnx.FunctionProto'> {
  node: NodeProto[];
  attributeProto: AttributeProto[];
}

export interface TrainingInfoProto extends Message<'onnx.TrainingInfoProto'> {
  initialization?: GraphProto;
  algorithm?: GraphProto;
}

/** The version of one domain's operators; `domain` is empty for ONNX's own. */
export interface OperatorSetIdProto extends Message<'onnx.OperatorSetIdProto'> {
  domain: string;
  version: bigint;
}

export interface StringStringEntryProto extends Message<'onnx.StringStringEntryProto'> {
  key: string;
  value: string;
}

export interface GraphProto extends Message<'onnx.GraphProto'> {
  /** In an order in which each node's inputs are there before it. */
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparseInitializer: SparseTensorProto[];
  docString: string;
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  /** What is said of tensors on the way; a hint, never needed. */
  valueInfo: ValueInfoProto[];
}

export interface NodeProto extends Message<'onnx.NodeProto'> {
  /** Names of tensors; an empty name is an optional input that is not given. */
  input: string[];
  output: string[];
  name: string;
  opType: string;
  domain: string;
  attribute: AttributeProto[];
  docString: string;
}

/** `type` says which field holds the value (`ATTRIBUTE` in attribute.ts). */
export interface AttributeProto extends Message<'onnx.AttributeProto'> {
  name: string;
  type: number;
  f: number;
  i: bigint;
  s: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats: number[];
  ints: bigint[];
  strings: Uint8Array[];
  graphs: GraphProto[];
  tensors: TensorProto[];
  sparseTensor?: SparseTensorProto;
  sparseTensors: SparseTensorProto[];
}

/** Values either in `rawData`, little-endian and row-major, or in the field of their type. */
export interface TensorProto extends Message<'onnx.TensorProto'> {
  dims: bigint[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  int64Data: bigint[];
  doubleData: number[];
  name: string;
  docString: string;
  rawData: Uint8Array;
  /** 1: the values lie in another file. */
  dataLocation: number;
  /** Which file, from where, how long: `location`, `offset`, `length`. */
  externalData: StringStringEntryProto[];
}

export interface SparseTensorProto extends Message<'onnx.SparseTensorProto'> {
  values?: TensorProto;
  indices?: TensorProto;
}

export interface ValueInfoProto extends Message<'onnx.ValueInfoProto'> {
  name: string;
  type?: TypeProto;
  docString: string;
}

export interface TypeProto extends Message<'onnx.TypeProto'> {
  /** Absent for sequences, maps and the like. */
  tensorType?: TensorTypeProto;
  denotation: string;
}

export interface TensorTypeProto extends Message<'onnx.TypeProto.Tensor'> {
  elemType: number;
  /** Absent where not even the rank is known. */
  shape?: TensorShapeProto;
}

export interface TensorShapeProto extends Message<'onnx.TensorShapeProto'> {
  dim: DimensionProto[];
}

export interface DimensionProto extends Message<'onnx.TensorShapeProto.Dimension'> {
  /** A number, a name for a number that is free, or neither. */
  value: { case: 'dimValue'; value: bigint } | { case: 'dimParam'; value: string } | { case: undefined; value?: undefined };
  denotation: string;
}

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'onnx.proto',
        package: 'onnx',
        syntax: 'proto2',
        messageType: Object.keys(MESSAGES)
          .filter((name) => !name.includes('.'))
          .map(message),
      },
    ],
  }),
);

function message(name: string): object {
  const fields = MESSAGES[name] as readonly Field[];
  const nested = Object.keys(MESSAGES).filter((other) => other.startsWith(`${name}.`));
  return {
    name: name.slice(name.indexOf('.') + 1),
    field: fields.map(field),
    nestedType: nested.map(message),
    ...(fields.some(([, , , kind]) => kind === 'oneof') ? { oneofDecl: [{ name: 'value' }] } : {}),
  };
}

function field([number, name, type, kind]: Field): object {
  const { LABEL_OPTIONAL, LABEL_REPEATED } = { LABEL_OPTIONAL: FieldDescriptorProto_Label.OPTIONAL, LABEL_REPEATED: FieldDescriptorProto_Label.REPEATED };
  return {
    number,
    name,
    label: kind === 'list' || kind === 'packed' ? LABEL_REPEATED : LABEL_OPTIONAL,
    ...(typeof type === 'string' ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.onnx.${type}` } : { type }),
    ...(kind === 'packed' ? { options: { packed: true } } : {}),
    ...(kind === 'oneof' ? { oneofIndex: 0 } : {}),
  };
}

/** How a message is read and written; its type is the interface of that name above. */
function schema<T extends Message>(name: T['$typeName']): GenMessage<T> {
  return registry.getMessage(name) as unknown as GenMessage<T>;
}

export const ModelSchema = schema<ModelProto>('onnx.ModelProto');
export const NodeSchema = schema<NodeProto>('onnx.NodeProto');
export const AttributeSchema = schema<AttributeProto>('onnx.AttributeProto');
export const TensorSchema = schema<TensorProto>('onnx.TensorProto');
export const ValueInfoSchema = schema<ValueInfoProto>('onnx.ValueInfoProto');

/** A model that holds a graph: every model that says something. */
export interface OnnxModel extends ModelProto {
  graph: GraphProto;
}
