import { counted } from '../counted.js';
import { SrvidError } from '../errors.js';
import type { Graph } from '../onnx/graph.js';
import type { ValueInfoProto } from '../onnx/schema.js';
import { elementType } from '../onnx/tensor.js';
import { dimsOf } from '../onnx/value-info.js';
import { whiteOf } from '../onnx/white.js';
import type { Size } from '../plugins/contract.js';

/** Inputs and outputs of a network on pictures, NCHW: one picture in and one out, or the three planes of 4:2:0 in and out. */
export interface PictureNetwork {
  /** y: luma; rgb: three channels; yuv: three inputs, luma beside U and V of half its sides. */
  readonly planes: 'y' | 'rgb' | 'yuv';
  readonly inputs: readonly PictureEnd[];
  readonly outputs: readonly PictureEnd[];
  /** The only size that it takes, in luma samples; undefined where it takes any. */
  readonly size: Size | undefined;
  /** The value of white where values are float. */
  readonly white: 1 | 255;
}

interface PictureEnd {
  readonly name: string;
  readonly type: 'uint8' | 'float32';
}

const PLANES_OF_YUV = 3;

/**
 * Finds a model's inputs and outputs for pictures. `name` is its name in messages.
 * @param white the value of white for float inputs; without it, the range of the input's first QuantizeLinear decides
 * @throws SRVID_MODEL_UNSUPPORTED
 */
export function pictureNetwork(name: string, graph: Graph, white?: 1 | 255): PictureNetwork {
  const refuse = (found: string): never => {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${name} ${found}. Networks are examined that turn one picture into one, of 1 channel (luma) or 3 (RGB), or the planes Y, U and V of 4:2:0 into those planes: uint8 or float32, NCHW, batch 1 or free.`,
      { name },
    );
  };
  const ends = graph.inputs.length;
  if ((ends !== 1 && ends !== PLANES_OF_YUV) || graph.outputs.length !== ends)
    return refuse(`has ${counted(ends, 'input')} and ${counted(graph.outputs.length, 'output')}`);
  const inputs = graph.inputs.map((input) => ({ name: input.name, type: typeOf(input) ?? refuse(`reads ${input.name} as neither uint8 nor float32`) }));
  const outputs = graph.outputs.map((output) => ({ name: output.name, type: typeOf(output) ?? refuse(`gives ${output.name} as neither uint8 nor float32`) }));
  const [first, ...small] = graph.inputs.map((input) => shapeOf(input, refuse));
  const { channels, size } = first as Shape;
  if (channels !== 1 && ends > 1) return refuse(`reads ${channels} channels in ${graph.inputs[0]?.name}`);
  for (const plane of small) {
    const fits = plane.channels === 1 && plane.size?.width === (size && size.width / 2) && plane.size?.height === (size && size.height / 2);
    if (!fits) return refuse('reads three planes that are not those of 4:2:0');
  }
  const isFloat = [...inputs, ...outputs].some(({ type }) => type === 'float32');
  return {
    planes: ends > 1 ? 'yuv' : channels === 1 ? 'y' : 'rgb',
    inputs,
    outputs,
    size,
    white:
      white ??
      (isFloat
        ? (whiteOf(graph, graph.inputs[0]?.name ?? '') ?? refuse(`reads float values, and nothing in it says what white is; give --white 1 or --white 255`))
        : 255),
  };
}

interface Shape {
  readonly channels: 1 | 3;
  readonly size: Size | undefined;
}

function shapeOf(input: ValueInfoProto, refuse: (found: string) => never): Shape {
  const dims = dimsOf(input);
  const [batch, channels, height, width] = dims;
  if (dims.length !== 4) return refuse(`reads ${input.name} with ${dims.length} axes instead of 4`);
  const told = `(${input.name} is [${dims.map((size) => size ?? 'free')}])`;
  if (batch !== undefined && batch !== 1) return refuse(`reads ${batch} pictures at once`);
  if (channels !== 1 && channels !== 3) return refuse(`reads ${channels ?? 'any number of'} channels ${told}`);
  if ((height === undefined) !== (width === undefined)) return refuse(`reads pictures of one fixed side ${told}`);
  return { channels, size: height === undefined || width === undefined ? undefined : { width, height } };
}

function typeOf({ type }: ValueInfoProto): 'uint8' | 'float32' | undefined {
  const found = elementType(type?.tensorType?.elemType ?? 0);
  return found === 'uint8' || found === 'float32' ? found : undefined;
}
