import { intOf } from '../../../onnx/attribute.js';
import type { Graph } from '../../../onnx/graph.js';
import { ELEMENT } from '../../../onnx/tensor.js';
import { dimsOf } from '../../../onnx/value-info.js';
import { type Picture, wholeValue } from './picture.js';
import type { NativePlanes } from './plan.js';
import { Unsupported } from './unsupported.js';

/** A picture that the network reads. */
export interface InputPicture extends NativePlanes {
  readonly name: string;
  /** Its channels of value 0. */
  readonly channels: Picture;
}

/** The graph's inputs. One that is folded is read in no other way. @throws Unsupported for others than pictures of bytes */
export function inputPictures(graph: Graph): InputPicture[] {
  let before = 0;
  return graph.inputs.map((input) => {
    const dims = dimsOf(input);
    if (input.type?.tensorType?.elemType !== ELEMENT.uint8) throw new Unsupported('it does not read bytes');
    if (dims.length !== 4 || (dims[1] !== 1 && dims[1] !== 3)) throw new Unsupported('its input is not a picture of one or three planes');
    if ([dims[2], dims[3]].some((side) => side !== undefined)) throw new Unsupported('it takes pictures of one size only');
    const [reader, ...others] = graph.readersOf(input.name);
    const block = reader?.opType === 'SpaceToDepth' && others.length === 0 ? intOf(reader, 'blocksize', 1) : 1;
    const [planes, first] = [dims[1], before];
    before += planes * block ** 2;
    const whole = wholeValue(0, before);
    return { name: input.name, planes, block, channels: { ...whole, channels: whole.channels.slice(first) } };
  });
}
