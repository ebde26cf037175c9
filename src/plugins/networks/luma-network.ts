import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ModelSpec, type Plugin } from '../contract.js';

/** One family of luma networks, described for the plugin that runs it. */
export interface LumaNetwork {
  /** The family's name in `srvid models`; also the plugin's name. */
  readonly family: string;
  readonly description: string;
  /** Scales that `models/training` makes; the first is the default. */
  readonly scales: readonly [number, ...number[]];
  /** Input pixels on each side that an output pixel depends on, at the scale where that is most. */
  readonly halo: number;
}

/** The plugin that enlarges the luma by the networks of one family: one picture in, one picture out. */
export function lumaNetwork({ family, description, scales, halo }: LumaNetwork): Plugin<{ scale: number }> {
  const modelFor = (scale: number): ModelSpec => ({ family, scale, planes: 'y' });
  return definePlugin<{ scale: number }>({
    name: family,
    apiVersion: 1,
    description,
    options: z.strictObject({ scale: z.literal(scales).default(scales[0]).describe('output size ÷ input size') }),
    planes: 'y',
    scale: ({ scale }) => scale,
    scales,
    halo,
    models: ({ scale }) => [modelFor(scale)],
    async process(frame, context) {
      const result = context.allocate();
      const [input, output] = [frame.planes[0] as Plane, result.planes[0] as Plane];
      await context
        .model(modelFor(context.options.scale))
        .run({ data: input.data, dims: [1, 1, frame.height, frame.width] }, { data: output.data, dims: [1, 1, result.height, result.width] });
      return result;
    },
  });
}
