import * as z from 'zod';
import type { Plane } from '../../pipeline/frame.js';
import { toPacked, toPlanar } from '../channels.js';
import { definePlugin, type ModelSpec } from '../plugin.js';

const options = z.strictObject({ scale: z.literal([2, 3, 4]).default(3) });

const modelFor = (scale: number): ModelSpec => ({ family: 'abpn', scale, planes: 'rgb' });

/** Anchor-based plain network as published, on red, green and blue (Du et al. 2021, arXiv 2105.09750), in int8. */
export default definePlugin<z.infer<typeof options>, { small: Uint8Array; large: Uint8Array }>({
  name: 'abpn-rgb',
  apiVersion: 1,
  description: 'ABPN on red, green and blue: colour edges become as sharp as those of the luma, for 4:4:4 and RGB sources.',
  options,
  planes: 'rgb',
  scale: ({ scale }) => scale,
  scales: [2, 3, 4],
  halo: 7,
  models: ({ scale }) => [modelFor(scale)],
  init: ({ input, output }) => ({ small: new Uint8Array(input.width * input.height * 3), large: new Uint8Array(output.width * output.height * 3) }),
  async process(frame, context) {
    const result = context.allocate(frame);
    const { small, large } = context.state;
    toPlanar((frame.planes[0] as Plane).data, small);
    await context
      .model(modelFor(context.options.scale))
      .run({ data: small, dims: [1, 3, frame.height, frame.width] }, { data: large, dims: [1, 3, result.height, result.width] });
    toPacked(large, (result.planes[0] as Plane).data);
    return result;
  },
});
