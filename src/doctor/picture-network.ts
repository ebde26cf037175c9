import { SrvidError } from '../errors.js';
import type { Graph } from '../onnx/graph.js';
import type { ValueInfoProto } from '../onnx/schema.js';
import { elementType } from '../onnx/tensor.js';
import { dimsOf } from '../onnx/value-info.js';
import { whiteOf } from '../onnx/white.js';
import type { Size } from '../plugins/contract.js';

/** Input and output of a network on pictures: one picture in, one picture out, NCHW. */
export interface PictureNetwork {
  readonly input: PictureEnd;
  readonly output: Pick<PictureEnd, 'name' | 'type'>;
  /** The only size that it takes; undefined where it takes any. */
  readonly size: Size | undefined;
  /** The value of white where values are float. */
  readonly white: 1 | 255;
}

interface PictureEnd {
  readonly name: string;
  readonly type: 'uint8' | 'float32';
  /** 1 is luma, 3 is RGB. */
  readonly channels: 1 | 3;
}

/**
 * Finds a model's input and output for pictures. `name` is its name in messages.
 * @param white the value of white for float inputs; without it, the range of the input's first QuantizeLinear decides
 * @throws SRVID_MODEL_UNSUPPORTED
 */
export function pictureNetwork(name: string, graph: Graph, white?: 1 | 255): PictureNetwork {
  const refuse = (found: string): never => {
    throw new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${name} ${found}. Networks are examined that turn one picture into one: uint8 or float32, NCHW, batch 1 or free, 1 channel (luma) or 3 (RGB).`,
      { name },
    );
  };
  const [input, ...inputs] = graph.inputs;
  const [output, ...outputs] = graph.outputs;
  if (!input || !output || inputs.length > 0 || outputs.length > 0) return refuse(`has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs`);
  const type = typeOf(input) ?? refuse(`reads ${input.name} as neither uint8 nor float32`);
  const outputType = typeOf(output) ?? refuse(`gives ${output.name} as neither uint8 nor float32`);
  const dims = dimsOf(input);
  const [batch, channels, height, width] = dims;
  if (dims.length !== 4) return refuse(`reads ${input.name} with ${dims.length} axes instead of 4`);
  if (batch !== undefined && batch !== 1) return refuse(`reads ${batch} pictures at once`);
  if (channels !== 1 && channels !== 3)
    return refuse(`reads ${channels ?? 'any number of'} channels (${input.name} is [${dims.map((size) => size ?? 'free')}])`);
  if ((height === undefined) !== (width === undefined))
    return refuse(`reads pictures of one fixed side (${input.name} is [${dims.map((size) => size ?? 'free')}])`);
  const isFloat = type === 'float32' || outputType === 'float32';
  return {
    input: { name: input.name, type, channels },
    output: { name: output.name, type: outputType },
    size: height === undefined || width === undefined ? undefined : { width, height },
    white:
      white ??
      (isFloat ? (whiteOf(graph, input.name) ?? refuse(`reads float values, and nothing in it says what white is; give --white 1 or --white 255`)) : 255),
  };
}

function typeOf({ type }: ValueInfoProto): 'uint8' | 'float32' | undefined {
  const found = elementType(type?.tensorType?.elemType ?? 0);
  return found === 'uint8' || found === 'float32' ? found : undefined;
}
