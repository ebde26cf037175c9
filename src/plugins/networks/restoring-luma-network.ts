import type { Plane } from '../../pipeline/frames/frame.js';
import type { ListedModel } from '../contract.js';
import { Correction } from './correction.js';
import { restoringNetwork } from './restoring-network.js';

/** One network that restores the luma at its size, described for the plugin that runs it. */
export interface RestoringLumaNetwork {
  /** The family's name in `srvid models`; also the plugin's name. */
  readonly family: string;
  readonly description: string;
  /** Luma pixels on each side that a result depends on. */
  readonly halo: number;
}

/** The plugin that restores the luma by a network of scale 1 and leaves the chroma as it is. */
export function restoringLumaNetwork({ family, description, halo }: RestoringLumaNetwork) {
  const spec: ListedModel = { family, scale: 1, planes: 'y' };
  return restoringNetwork({
    name: family,
    ...{ description, spec, halo },
    planes: 'y',
    remember: (strength) => new Correction(strength),
    async restore(frame, { planes }, context) {
      const [input, output] = [frame.planes[0] as Plane, planes[0] as Plane];
      const dims = [1, 1, frame.height, frame.width];
      await context.model(spec).run({ data: input.data, dims }, { data: output.data, dims });
      context.state.mix(input.data, output.data);
    },
  });
}
