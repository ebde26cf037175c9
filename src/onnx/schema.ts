import { create, createFileRegistry, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type Field, MESSAGES } from './fields.js';

/**
 * The content of an ONNX file. The messages here are those that srvid reads or writes, by the field numbers of the ONNX
 * specification (IR version 13, `onnx.proto`, proto2). Fields that are not listed (sharding, quantisation annotations
 * ...) stay in the messages unchanged and are written again.
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

/** An operator made of other operators. */
export interface FunctionProto extends Message<'onnx.FunctionProto'> {
  node: NodeProto[];
  attributeProto: AttributeProto[];
}

/** Graphs that initialise and train a model. */
export interface TrainingInfoProto extends Message<'onnx.TrainingInfoProto'> {
  initialization?: GraphProto;
  algorithm?: GraphProto;
}

/** The version of one domain's operators; `domain` is empty for ONNX's own. */
export interface OperatorSetIdProto extends Message<'onnx.OperatorSetIdProto'> {
  domain: string;
  version: bigint;
}

/** A name and its text. */
export interface StringStringEntryProto extends Message<'onnx.StringStringEntryProto'> {
  key: string;
  value: string;
}

/** Nodes, constants, inputs and outputs of a model, or of a branch inside a node. */
export interface GraphProto extends Message<'onnx.GraphProto'> {
  /** Nodes in an order in which each node's inputs come before it. */
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  sparseInitializer: SparseTensorProto[];
  docString: string;
  input: ValueInfoProto[];
  output: ValueInfoProto[];
  /** Types and sizes of intermediate tensors; a hint, never needed. */
  valueInfo: ValueInfoProto[];
}

/** One use of an operator. */
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

/** An attribute of a node. `type` names the field that holds the value (`ATTRIBUTE` in attribute.ts). */
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

/** A stored tensor. Its values are in `rawData`, little-endian and row-major, or in the field of their type. */
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
  /** 1 where the values lie in another file. */
  dataLocation: number;
  /** The place of external values: `location` (a file), `offset`, `length`. */
  externalData: StringStringEntryProto[];
}

/** A stored tensor that lists only its values other than 0. */
export interface SparseTensorProto extends Message<'onnx.SparseTensorProto'> {
  values?: TensorProto;
  indices?: TensorProto;
}

/** Name, type and sizes of a tensor. */
export interface ValueInfoProto extends Message<'onnx.ValueInfoProto'> {
  name: string;
  type?: TypeProto;
  docString: string;
}

/** Type of a value. */
export interface TypeProto extends Message<'onnx.TypeProto'> {
  /** Absent for sequences, maps and the like. */
  tensorType?: TensorTypeProto;
  denotation: string;
}

/** Element type and sizes of a tensor. */
export interface TensorTypeProto extends Message<'onnx.TypeProto.Tensor'> {
  elemType: number;
  /** Absent where not even the number of axes is known. */
  shape?: TensorShapeProto;
}

/** Size of a tensor along each axis. */
export interface TensorShapeProto extends Message<'onnx.TensorShapeProto'> {
  dim: DimensionProto[];
}

/** Size of a tensor along one axis. */
export interface DimensionProto extends Message<'onnx.TensorShapeProto.Dimension'> {
  /** A number, a name for a free size, or neither. */
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

/** The schema by which a message is read and written; its type is the interface of that name above. */
function schema<T extends Message>(name: T['$typeName']): GenMessage<T> {
  return registry.getMessage(name) as unknown as GenMessage<T>;
}

/** Schema of `ModelProto`. */
export const ModelSchema = schema<ModelProto>('onnx.ModelProto');
/** Schema of `NodeProto`. */
export const NodeSchema = schema<NodeProto>('onnx.NodeProto');
/** Schema of `AttributeProto`. */
export const AttributeSchema = schema<AttributeProto>('onnx.AttributeProto');
/** Schema of `TensorProto`. */
export const TensorSchema = schema<TensorProto>('onnx.TensorProto');
/** Schema of `ValueInfoProto`. */
export const ValueInfoSchema = schema<ValueInfoProto>('onnx.ValueInfoProto');

/** A model with a graph, as all useful models have. */
export interface OnnxModel extends ModelProto {
  graph: GraphProto;
}
