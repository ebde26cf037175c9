import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ListedModel, type Plugin, type Size } from '../contract.js';
import { AdaptivePicture, type PixelFamily } from './adaptive-picture.js';

export type { PixelFamily } from './adaptive-picture.js';

/** One pixel-adaptive family, described for the plugin that runs it. */
export interface PixelAdaptiveNetwork extends PixelFamily {
  /** The plugin's name; its networks are `<name>-backbone`, `-place`, `-light` and `-heavy` in `srvid models`. */
  readonly name: string;
  readonly description: string;
}

/** The factors that such networks are trained for. */
const SCALES = { least: 1, most: 4 } as const;
/** PCSR's own values from all heavy to all light. */
const K = { least: -25, most: 25 } as const;

const options = z
  .strictObject({
    scale: z.number().min(SCALES.least).max(SCALES.most).default(2).describe('output size ÷ input size, any real number'),
    width: z.int().positive().optional().describe('output width in pixels, with height; instead of scale'),
    height: z.int().positive().optional().describe('output height in pixels, with width'),
    k: z.number().min(K.least).max(K.most).default(0).describe('the larger, the fewer pixels get the heavy head: -25 is all, 25 none'),
    adaptive: z.boolean().default(false).describe("the picture's own difficulties decide, instead of k"),
    refine: z.boolean().default(false).describe('smooth light pixels beside heavy ones, for scales of 3 and more'),
    map: z.boolean().default(false).describe('paint the decisions over the picture: heavy pixels bright, light ones dark'),
  })
  .refine((given) => (given.width === undefined) === (given.height === undefined), { message: 'width and height go together' });

type Options = z.infer<typeof options>;

/** Memory that such a plugin keeps between the frames of a thread. */
export interface PixelState {
  /** Made for the first frame, so that a level that is never used takes no memory. */
  picture?: AdaptivePicture;
}

/** The plugin that enlarges the luma by a pixel-adaptive family, to any size between once and four times the input's. */
export function pixelAdaptiveNetwork({ name, description, ...family }: PixelAdaptiveNetwork): Plugin<Options, PixelState> {
  const part = (of: string): ListedModel => ({ family: `${name}-${of}`, planes: 'y' });
  const parts = { backbone: part('backbone'), place: part('place'), light: part('light'), heavy: part('heavy') };
  return definePlugin<Options, PixelState>({
    name,
    apiVersion: 1,
    description,
    options,
    planes: 'y',
    scale: sizeOf,
    scales: SCALES,
    // And one for refinement. With `adaptive` the decision depends on the whole picture, of which equal ones still give equal results.
    halo: family.reach + 1,
    models: () => [parts.backbone, parts.place, parts.light, parts.heavy],
    macs: macsOf,
    init: () => ({}),
    async process(frame, context) {
      const { state, input, output } = context;
      const networks = {
        backbone: context.model(parts.backbone),
        place: context.model(parts.place),
        light: context.model(parts.light),
        heavy: context.model(parts.heavy),
      };
      state.picture ??= await AdaptivePicture.open(networks, family, input, output, context.options);
      const result = context.allocate();
      await state.picture.run(frame.planes[0] as Plane, result.planes[0] as Plane);
      return result;
    },
  });
}

/** Multiplications for one frame, with a rough guess at the share of heavy pixels, which falls with `k`. */
function macsOf({ k, adaptive }: Options, { input, output }: { readonly input: Size; readonly output: Size }, perPixel: readonly number[]): number {
  const [backbone = 0, place = 0, light = 0, heavy = 0] = perPixel;
  const share = adaptive ? 0.5 : 1 / (1 + Math.exp(2 * k));
  return (backbone + place) * input.width * input.height + (light + share * (heavy - light)) * output.width * output.height;
}

function sizeOf({ scale, width, height }: Options, input: Size): number | Size {
  if (width === undefined || height === undefined) return scale;
  const factors = [width / input.width, height / input.height];
  if (factors.every((factor) => factor >= SCALES.least && factor <= SCALES.most)) return { width, height };
  throw new RangeError(`${width}x${height} is not between once and four times ${input.width}x${input.height}`);
}
