import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ModelSpec, type Plugin } from '../contract.js';
import { Correction } from './correction.js';

/** One network that restores the luma at its size, described for the plugin that runs it. */
export interface RestoringLumaNetwork {
  /** The family's name in `srvid models`; also the plugin's name. */
  readonly family: string;
  readonly description: string;
  /** Luma pixels on each side that a result depends on. */
  readonly halo: number;
}

/**
 * The plugin that restores the luma by a network of scale 1 and leaves the chroma as it is. `strength` says how much of the correction is
 * taken; at 0 the network is not even loaded.
 */
export function restoringLumaNetwork({ family, description, halo }: RestoringLumaNetwork): Plugin<{ strength: number }, Correction> {
  const spec: ModelSpec = { family, scale: 1, planes: 'y' };
  return definePlugin<{ strength: number }, Correction>({
    name: family,
    apiVersion: 1,
    description,
    options: z.strictObject({ strength: z.number().min(0).max(1).default(1).describe('share of the correction that is taken, 0 to 1') }),
    planes: 'y',
    halo,
    models: ({ strength }) => (strength === 0 ? [] : [spec]),
    init: ({ options }) => new Correction(options.strength),
    async process(frame, context) {
      if (context.options.strength === 0) return frame;
      const result = context.allocate();
      const [input, output] = [frame.planes[0] as Plane, result.planes[0] as Plane];
      const dims = [1, 1, frame.height, frame.width];
      await context.model(spec).run({ data: input.data, dims }, { data: output.data, dims });
      context.state.mix(input.data, output.data);
      return result;
    },
  });
}
