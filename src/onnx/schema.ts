import { create, createFileRegistry, type Message } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/**
 * The messages of an ONNX file that srvid reads or writes, by the field numbers of the ONNX specification (IR version
 * 13, `onnx.proto`, proto2). Fields that are not listed here (functions, training information, sharding ...) stay in the
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

const { INT32, INT64, FLOAT, DOUBLE, STRING, BYTES, MESSAGE } = FieldDescriptorProto_Type;

/** [number, name, type (or the message it holds), how often]; `packed` lists are one length and then values. */
type Field = readonly [number, string, FieldDescriptorProto_Type | string, ('list' | 'packed' | 'oneof')?];

const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
  ModelProto: [
    [1, 'ir_version', INT64],
    [8, 'opset_import', 'OperatorSetIdProto', 'list'],
    [2, 'producer_name', STRING],
    [3, 'producer_version', STRING],
    [4, 'domain', STRING],
    [5, 'model_version', INT64],
    [6, 'doc_string', STRING],
    [7, 'graph', 'GraphProto'],
    [14, 'metadata_props', 'StringStringEntryProto', 'list'],
  ],
  OperatorSetIdProto: [
    [1, 'domain', STRING],
    [2, 'version', INT64],
  ],
  StringStringEntryProto: [
    [1, 'key', STRING],
    [2, 'value', STRING],
  ],
  GraphProto: [
    [1, 'node', 'NodeProto', 'list'],
    [2, 'name', STRING],
    [5, 'initializer', 'TensorProto', 'list'],
    [10, 'doc_string', STRING],
    [11, 'input', 'ValueInfoProto', 'list'],
    [12, 'output', 'ValueInfoProto', 'list'],
    [13, 'value_info', 'ValueInfoProto', 'list'],
  ],
  NodeProto: [
    [1, 'input', STRING, 'list'],
    [2, 'output', STRING, 'list'],
    [3, 'name', STRING],
    [4, 'op_type', STRING],
    [7, 'domain', STRING],
    [5, 'attribute', 'AttributeProto', 'list'],
    [6, 'doc_string', STRING],
  ],
  AttributeProto: [
    [1, 'name', STRING],
    [20, 'type', INT32],
    [2, 'f', FLOAT],
    [3, 'i', INT64],
    [4, 's', BYTES],
    [5, 't', 'TensorProto'],
    [6, 'g', 'GraphProto'],
    [7, 'floats', FLOAT, 'list'],
    [8, 'ints', INT64, 'list'],
    [9, 'strings', BYTES, 'list'],
    [11, 'graphs', 'GraphProto', 'list'],
  ],
  TensorProto: [
    [1, 'dims', INT64, 'list'],
    [2, 'data_type', INT32],
    [4, 'float_data', FLOAT, 'packed'],
    [5, 'int32_data', INT32, 'packed'],
    [7, 'int64_data', INT64, 'packed'],
    [10, 'double_data', DOUBLE, 'packed'],
    [8, 'name', STRING],
    [12, 'doc_string', STRING],
    [9, 'raw_data', BYTES],
    [14, 'data_location', INT32],
  ],
  ValueInfoProto: [
    [1, 'name', STRING],
    [2, 'type', 'TypeProto'],
    [3, 'doc_string', STRING],
  ],
  TypeProto: [
    [1, 'tensor_type', 'TypeProto.Tensor'],
    [6, 'denotation', STRING],
  ],
  'TypeProto.Tensor': [
    [1, 'elem_type', INT32],
    [2, 'shape', 'TensorShapeProto'],
  ],
  TensorShapeProto: [[1, 'dim', 'TensorShapeProto.Dimension', 'list']],
  'TensorShapeProto.Dimension': [
    [1, 'dim_value', INT64, 'oneof'],
    [2, 'dim_param', STRING, 'oneof'],
    [3, 'denotation', STRING],
  ],
};

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
    ...(typeof type === 'string' ? { type: MESSAGE, typeName: `.onnx.${type}` } : { type }),
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
