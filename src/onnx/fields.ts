import { FieldDescriptorProto_Type } from '@bufbuild/protobuf/wkt';

const { INT32, INT64, FLOAT, DOUBLE, STRING, BYTES } = FieldDescriptorProto_Type;

/**
 * [number, name, type (or the name of the message that it holds), repetition]. `packed` lists are a length and then the
 * values.
 */
export type Field = readonly [number, string, FieldDescriptorProto_Type | string, ('list' | 'packed' | 'oneof')?];

/** The fields of each message of an ONNX file that srvid reads or writes. */
export const MESSAGES: Readonly<Record<string, readonly Field[]>> = {
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
    [20, 'training_info', 'TrainingInfoProto', 'list'],
    [25, 'functions', 'FunctionProto', 'list'],
  ],
  TrainingInfoProto: [
    [1, 'initialization', 'GraphProto'],
    [2, 'algorithm', 'GraphProto'],
  ],
  FunctionProto: [
    [7, 'node', 'NodeProto', 'list'],
    [11, 'attribute_proto', 'AttributeProto', 'list'],
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
    [15, 'sparse_initializer', 'SparseTensorProto', 'list'],
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
    [10, 'tensors', 'TensorProto', 'list'],
    [11, 'graphs', 'GraphProto', 'list'],
    [22, 'sparse_tensor', 'SparseTensorProto'],
    [23, 'sparse_tensors', 'SparseTensorProto', 'list'],
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
    [13, 'external_data', 'StringStringEntryProto', 'list'],
    [14, 'data_location', INT32],
  ],
  SparseTensorProto: [
    [1, 'values', 'TensorProto'],
    [2, 'indices', 'TensorProto'],
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
