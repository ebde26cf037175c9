import * as z from 'zod';
import type { Plane } from '../../pipeline/frames/frame.js';
import { definePlugin, type ModelSpec, type Plugin, type Size, type Tensor } from '../contract.js';
import { alignedUp } from '../pixels/padding.js';
import type { Layout } from './ends.js';
import { type Span, spansOf, windowSide } from './tiles.js';

const layout = z.enum(['nchw', 'nhwc']);
const type = z.enum(['uint8', 'float32']);

/** Everything that the plugin of a user's network needs to know; `describe.ts` finds it out before the first frame. */
export const ownOptions = z.strictObject({
  /** The network's key among the models of its chain. */
  model: z.string(),
  scale: z.number().positive(),
  /** The value of white where values are float. */
  white: z.union([z.literal(1), z.literal(255)]),
  input: z.strictObject({ type, layout }),
  output: z.strictObject({ type, layout }),
  /** The only size that it takes. */
  size: z.strictObject({ width: z.int().positive(), height: z.int().positive() }).optional(),
  /** Windows begin and end at multiples of this many pixels. */
  unit: z.int().positive(),
  /** Pixels that windows overlap by on each side. */
  overlap: z.int().nonnegative(),
  bytesPerPixel: z.number().positive(),
  /** Bound for the network's largest tensors, in bytes; larger pictures are cut to windows. */
  maxBytes: z.number().positive(),
});

/** Options of the plugin of a user's network. */
export type OwnOptions = z.output<typeof ownOptions>;

/** The windows of a picture, and memory for one of them. */
export interface Work {
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
  readonly input: Tensor;
  readonly output: Tensor;
}

/** The plugin that runs a user's own network on luma or on RGB. Pictures too large for its memory are cut to windows. */
export function ownNetwork(planes: 'y' | 'rgb'): Plugin<OwnOptions, Work> {
  const channels = planes === 'y' ? 1 : 3;
  const spec = ({ model }: OwnOptions): ModelSpec => ({ family: model, planes });
  return definePlugin<OwnOptions, Work>({
    name: 'onnx',
    apiVersion: 1,
    description: 'a network of your own',
    options: ownOptions,
    planes,
    scale: ({ scale }) => scale,
    halo: 'global',
    models: (options) => [spec(options)],
    init: ({ options, input }) => workFor(options, input, channels),
    async process(frame, context) {
      const { options, state } = context;
      const result = context.allocate();
      for (const row of state.rows)
        for (const column of state.columns) {
          read(frame.planes[0] as Plane, { column, row }, state.input, options, channels);
          await context.model(spec(options)).run(state.input, state.output);
          write(state.output, { column, row }, result.planes[0] as Plane, options, channels);
        }
      return result;
    },
  });
}

interface Window {
  readonly column: Span;
  readonly row: Span;
}

function workFor(options: OwnOptions, picture: Size, channels: number): Work {
  const { size, unit, overlap, bytesPerPixel, maxBytes, scale } = options;
  const [wide, high] = [alignedUp(picture.width, unit), alignedUp(picture.height, unit)];
  const side = windowSide(bytesPerPixel, maxBytes, overlap, unit);
  const whole = wide * high * bytesPerPixel <= maxBytes;
  const window = size ?? (whole ? { width: wide, height: high } : { width: Math.min(side, wide), height: Math.min(side, high) });
  const large = { width: Math.round(window.width * scale), height: Math.round(window.height * scale) };
  return {
    columns: spansOf(wide, window.width, overlap, unit),
    rows: spansOf(high, window.height, overlap, unit),
    input: tensorFor(window, channels, options.input),
    output: tensorFor(large, channels, options.output),
  };
}

function tensorFor({ width, height }: Size, channels: number, end: { readonly type: 'uint8' | 'float32'; readonly layout: Layout }): Tensor {
  const data = end.type === 'uint8' ? new Uint8Array(width * height * channels) : new Float32Array(width * height * channels);
  return { data, dims: end.layout === 'nchw' ? [1, channels, height, width] : [1, height, width, channels] };
}

/** Distances in a tensor from a pixel to the next one, to the next row, and from a channel to the next one. */
function stepsOf(
  { dims }: Tensor,
  end: { readonly layout: Layout },
  channels: number,
): { width: number; height: number; x: number; y: number; channel: number } {
  const [height, width] = (end.layout === 'nchw' ? [dims[2], dims[3]] : [dims[1], dims[2]]) as [number, number];
  return end.layout === 'nchw' ? { width, height, x: 1, y: width, channel: width * height } : { width, height, x: channels, y: width * channels, channel: 1 };
}

/** Copies a window of a picture into a network's input. Beyond the picture its last column and row repeat. */
function read(picture: Plane, { column, row }: Window, tensor: Tensor, { input, white }: OwnOptions, channels: number): void {
  const to = stepsOf(tensor, input, channels);
  const factor = input.type === 'uint8' ? 1 : white / 255;
  const [lastX, lastY] = [picture.width - 1, picture.height - 1];
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < to.height; y++) {
      const from = Math.min(row.at + y, lastY) * picture.stride + channel;
      let at = channel * to.channel + y * to.y;
      for (let x = 0; x < to.width; x++, at += to.x) tensor.data[at] = (picture.data[from + Math.min(column.at + x, lastX) * channels] as number) * factor;
    }
}

/** Copies the kept part of a network's output into the result, rounded and limited to 0..255. */
function write(tensor: Tensor, { column, row }: Window, result: Plane, { output, white, scale }: OwnOptions, channels: number): void {
  const from = stepsOf(tensor, output, channels);
  const factor = output.type === 'uint8' ? 1 : 255 / white;
  const part = ({ at, from: first, to }: Span, length: number) => ({
    at: Math.round(at * scale),
    from: Math.round(first * scale),
    to: Math.min(Math.round(to * scale), length),
  });
  const [columns, rows] = [part(column, result.width), part(row, result.height)];
  for (let channel = 0; channel < channels; channel++)
    for (let y = rows.from; y < rows.to; y++) {
      const to = y * result.stride + channel;
      let at = channel * from.channel + (y - rows.at) * from.y + (columns.from - columns.at) * from.x;
      for (let x = columns.from; x < columns.to; x++, at += from.x) {
        const level = Math.round((tensor.data[at] as number) * factor);
        result.data[to + x * channels] = level < 0 ? 0 : level > 255 ? 255 : level;
      }
    }
}
