import { create } from '@bufbuild/protobuf';
import { SrvidError } from '../errors.js';
import { type TensorProto, TensorSchema } from './schema.js';

/** ONNX's numbers for the element types that srvid reads. */
export const ELEMENT = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7 } as const;
/** An element type that srvid reads. */
export type ElementType = keyof typeof ELEMENT;

/** The values of a tensor, in an array of their type. */
export type TensorData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** A constant tensor: row-major, in its own memory. A scalar has no dims and one value. */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: TensorData;
}

const ARRAYS = { float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, int64: BigInt64Array } as const;

/** The element type with ONNX's number; undefined for types that srvid does not read. */
export function elementType(number: number): ElementType | undefined {
  return (Object.keys(ELEMENT) as ElementType[]).find((name) => ELEMENT[name] === number);
}

/** The element type of an array. */
export function elementTypeOf(data: TensorData): ElementType {
  return (Object.keys(ARRAYS) as ElementType[]).find((name) => data instanceof ARRAYS[name]) as ElementType;
}

/**
 * The values of a stored tensor; undefined for types that srvid does not read.
 * @throws SRVID_MODEL_UNSUPPORTED for values in another file
 */
export function readTensor(tensor: TensorProto): Constant | undefined {
  const type = elementType(tensor.dataType);
  if (type === undefined) return undefined;
  if (tensor.dataLocation !== 0) {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `The model keeps ${tensor.name} in another file. Save it as one file (in Python: onnx.save(onnx.load(path), path)).`,
      { tensor: tensor.name },
    );
  }
  const dims = tensor.dims.map(Number);
  const count = dims.reduce((product, size) => product * size, 1);
  const data = tensor.rawData.length > 0 || count === 0 ? fromRaw(type, tensor.rawData) : fromFields(type, tensor);
  if (data.length === count) return { dims, data };
  throw new SrvidError(
    'SRVID_MODEL_INVALID',
    `The model's constant ${tensor.name} has ${data.length} values but is said to be [${dims}]. The file is damaged.`,
    {
      tensor: tensor.name,
    },
  );
}

/** Makes a stored tensor of a constant; the values are copied. */
export function writeTensor(name: string, { dims, data }: Constant): TensorProto {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return create(TensorSchema, { name, dims: dims.map(BigInt), dataType: ELEMENT[elementTypeOf(data)], rawData });
}

/**
 * Copies raw bytes into a typed array, which must begin at a multiple of its element's size; a file's bytes lie at any
 * offset.
 */
function fromRaw(type: ElementType, raw: Uint8Array): TensorData {
  const { buffer, byteLength } = Uint8Array.from(raw);
  const array = ARRAYS[type];
  return new array(buffer, 0, Math.floor(byteLength / array.BYTES_PER_ELEMENT));
}

function fromFields(type: ElementType, { floatData, int32Data, int64Data }: TensorProto): TensorData {
  if (type === 'float32') return Float32Array.from(floatData);
  if (type === 'int64') return BigInt64Array.from(int64Data);
  return ARRAYS[type].from(int32Data);
}
