import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ModelSpec, type Plugin } from '../contract.js';

/** What tells one family of networks from another, to the plugin that runs it. */
export interface LumaNetwork {
  /** As `srvid models` lists it; the plugin's name, too. */
  readonly family: string;
  readonly description: string;
  /** Those that `models/training` makes; the first is the default. */
  readonly scales: readonly [number, ...number[]];
  /** Input pixels that an output pixel depends on, on each side, at the scale where it is most. */
  readonly halo: number;
}

/** The plugin that enlarges the luma by the networks of one family: one picture in, one picture out, nothing around it. */
export function lumaNetwork({ family, description, scales, halo }: LumaNetwork): Plugin<{ scale: number }> {
  const modelFor = (scale: number): ModelSpec => ({ family, scale, planes: 'y' });
  return definePlugin<{ scale: number }>({
    name: family,
    apiVersion: 1,
    description,
    options: z.strictObject({ scale: z.literal(scales).default(scales[0]) }),
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
