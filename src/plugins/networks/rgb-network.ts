import * as z from 'zod';
import { frameBytes, type Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ModelSpec, type Plugin, type Size } from '../contract.js';
import { toPacked, toPlanar } from '../pixels/channels.js';

/** One family of RGB networks, described for the plugin that runs it. */
export interface RgbNetwork {
  /** The family's name in `srvid models`; the plugin's name is `<family>-rgb`. */
  readonly family: string;
  readonly description: string;
  /** Input pixels on each side that an output pixel depends on, at the scale where that is most. */
  readonly halo: number;
}

/** Scales that `models/training` can make; the published networks are x3. */
const SCALES = [2, 3, 4] as const;
const PUBLISHED_SCALE = 3;

/** The plugin that enlarges red, green and blue together by the networks of one family. */
export function rgbNetwork({ family, description, halo }: RgbNetwork): Plugin<{ scale: number }, { small: Uint8Array; large: Uint8Array }> {
  const modelFor = (scale: number): ModelSpec => ({ family, scale, planes: 'rgb' });
  return definePlugin<{ scale: number }, { small: Uint8Array; large: Uint8Array }>({
    name: `${family}-rgb`,
    apiVersion: 1,
    description,
    options: z.strictObject({ scale: z.literal(SCALES).default(PUBLISHED_SCALE).describe('output size ÷ input size') }),
    planes: 'rgb',
    scale: ({ scale }) => scale,
    scales: SCALES,
    halo,
    models: ({ scale }) => [modelFor(scale)],
    init: ({ input, output }) => ({ small: memoryFor(input), large: memoryFor(output) }),
    async process(frame, context) {
      const result = context.allocate();
      const { small, large } = context.state;
      toPlanar((frame.planes[0] as Plane).data, small);
      await context
        .model(modelFor(context.options.scale))
        .run({ data: small, dims: [1, 3, frame.height, frame.width] }, { data: large, dims: [1, 3, result.height, result.width] });
      toPacked(large, (result.planes[0] as Plane).data);
      return result;
    },
  });
}

function memoryFor(size: Size): Uint8Array {
  return new Uint8Array(frameBytes({ kind: 'rgb24', ...size }));
}
