import type { ListedModel } from '../contract.js';
import { PlanarTensors } from './planar-tensors.js';
import { restoringNetwork } from './restoring-network.js';

/** One network that restores pictures at their size, described for the plugin that runs it. */
export interface PlanarNetwork {
  readonly name: string;
  /** The family's name in `srvid models`. */
  readonly family: string;
  readonly description: string;
  /** Luma pixels on each side that a result depends on; 'global' where that is the whole picture. */
  readonly halo: number | 'global';
  /** Luma pixels: the picture is padded to multiples of it. */
  readonly align: number;
  /** The only precision that the network comes in; both, if it is not given. */
  readonly precision?: 'fp32';
}

/** Memory that such a plugin keeps between the frames of a thread. */
export interface PlanarState {
  /** Made for the first frame, which knows its format. */
  tensors?: PlanarTensors;
}

/** The plugin that restores luma and chroma by a network that reads and gives the planes of 4:2:0. */
export function planarNetwork({ name, family, description, halo, align, precision }: PlanarNetwork) {
  const spec: ListedModel = { family, planes: 'yuv', ...(precision && { precision }) };
  return restoringNetwork({
    ...{ name, description, spec, halo },
    planes: 'yuv',
    remember: (): PlanarState => ({}),
    async restore(frame, { planes }, context) {
      context.state.tensors ??= new PlanarTensors(frame, align, context.options.strength);
      const { tensors } = context.state;
      tensors.take(frame.planes);
      await context.model(spec).run(tensors.inputs, tensors.outputs);
      tensors.give(frame.planes, planes);
    },
  });
}
