import * as z from 'zod';
import type { Plane } from '../../pipeline/frame.js';
import { definePlugin, type ModelSpec } from '../plugin.js';

const options = z.strictObject({ scale: z.int().min(2).max(4).default(2) });

const modelFor = (scale: number): ModelSpec => ({ family: 'abpn', scale, planes: 'y' });

/** Anchor-based plain network (Du et al. 2021, arXiv 2105.09750) on the luma, in int8. */
export default definePlugin<z.infer<typeof options>>({
  name: 'abpn',
  apiVersion: 1,
  description: 'ABPN: anchor-based plain network, seven 3x3 convolutions of 28 channels, on the luma.',
  options,
  planes: 'y',
  scale: ({ scale }) => scale,
  scales: [2, 3, 4],
  halo: 7,
  models: ({ scale }) => [modelFor(scale)],
  async process(frame, context) {
    const result = context.allocate(frame);
    const [input, output] = [frame.planes[0] as Plane, result.planes[0] as Plane];
    await context
      .model(modelFor(context.options.scale))
      .run({ data: input.data, dims: [1, 1, frame.height, frame.width] }, { data: output.data, dims: [1, 1, result.height, result.width] });
    return result;
  },
});
