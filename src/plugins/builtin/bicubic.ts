import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin } from '../contract.js';
import { Resampler } from '../pixels/resample.js';

const options = z
  .strictObject({
    scale: z.number().positive().max(16).default(2).describe('output size ÷ input size'),
    width: z.int().positive().optional().describe('output width in pixels, with height; instead of scale'),
    height: z.int().positive().optional().describe('output height in pixels, with width'),
  })
  .refine((given) => (given.width === undefined) === (given.height === undefined), { message: 'width and height go together' });

/**
 * Cubic resampling of the luma to any size: the baseline for networks, and the cheap replacement for them under
 * deadlines.
 */
export default definePlugin<z.infer<typeof options>, Resampler>({
  name: 'bicubic',
  apiVersion: 1,
  description: 'Cubic resampling (Keys, a = -0.5) by any factor, or to a width and height; widened when shrinking.',
  options,
  planes: 'y',
  scale: ({ scale, width, height }) => (width !== undefined && height !== undefined ? { width, height } : scale),
  scales: { least: 1 / 16, most: 16 },
  halo: 3,
  init: ({ input, output }) => new Resampler(input, output),
  process(frame, { state, allocate }) {
    const result = allocate();
    state.run(frame.planes[0] as Plane, result.planes[0] as Plane);
    return result;
  },
});
