import * as z from 'zod';
import { definePlugin, type ModelSpec, type Plugin } from '../contract.js';
import { PlanarTensors } from './planar-tensors.js';

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
}

/** Memory that such a plugin keeps between the frames of a thread. */
export interface PlanarState {
  /** Made for the first frame, which knows its format. */
  tensors?: PlanarTensors;
}

/**
 * The plugin that restores luma and chroma by a network that reads and gives the planes of 4:2:0. `strength` says how much of the
 * correction is taken; at 0 the network is not even loaded. Networks of the kind come in float alone.
 */
export function planarNetwork({ name, family, description, halo, align }: PlanarNetwork): Plugin<{ strength: number }, PlanarState> {
  const spec: ModelSpec = { family, planes: 'yuv', precision: 'fp32' };
  return definePlugin<{ strength: number }, PlanarState>({
    name,
    apiVersion: 1,
    description,
    options: z.strictObject({ strength: z.number().min(0).max(1).default(1).describe('share of the correction that is taken, 0 to 1') }),
    planes: 'yuv',
    halo,
    models: ({ strength }) => (strength === 0 ? [] : [spec]),
    init: () => ({}),
    async process(frame, context) {
      const { options, state } = context;
      if (options.strength === 0) return frame;
      const result = context.allocate();
      state.tensors ??= new PlanarTensors(frame, align, options.strength);
      const { tensors } = state;
      tensors.take(frame.planes);
      await context.model(spec).run(tensors.inputs, tensors.outputs);
      tensors.give(frame.planes, result.planes);
      return result;
    },
  });
}
