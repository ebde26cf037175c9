import { SrvidError } from '../../errors.js';
import { Graph } from '../../onnx/graph.js';
import { type OnnxModel, serializeModel } from '../../onnx/model-file.js';
import { whiteOf } from '../../onnx/white.js';
import type { Size } from '../contract.js';
import { type NetworkThread, openNetworkThread } from '../inference/network-thread.js';
import type { NamedTensor } from '../inference/onnx-runtime.js';
import type { Layout, PictureInput } from './ends.js';

/** Side of the probe picture; every unshuffle and U-Net takes it. */
const SIDE = 64;
/** Multiples of pixels that networks ask of a picture's sides. */
const ALIGNS = [1, 2, 4, 8, 16, 32] as const;
/** An output that changes by less than this, in levels of 255, is not seen. */
const SEEN = 0.5;
/** Levels by which the centre of the probe is changed. */
const CHANGE = 128;
/** Assumed where a network's intermediate tensors cannot be asked for: 256 channels of float32, twice. */
const USUAL_BYTES = 2048;
/** The largest tensors alive at once: what a convolution reads and writes, and one that a later sum waits for. */
const ALIVE = 3;

/** Properties of a network that its file does not state and that trial runs show. */
export interface Findings {
  readonly outputType: 'uint8' | 'float32';
  readonly outputLayout: Layout;
  /** Output size ÷ input size. */
  readonly scale: number;
  /** The sides of its pictures are multiples of this. */
  readonly align: number;
  /** The value of white where values are float. */
  readonly white: 1 | 255;
  /** Distance in pixels of the input at which a change is still seen in the output. */
  readonly reach: number;
  /** Memory for the largest intermediate tensors, in bytes a pixel of the input. */
  readonly bytesPerPixel: number;
}

/** Trial runs of a network. `signal` stops them. @throws SRVID_MODEL_UNSUPPORTED, SRVID_MODEL_INVALID */
export async function probe(what: string, model: OnnxModel, input: PictureInput, white: 1 | 255 | undefined, signal?: AbortSignal): Promise<Findings> {
  const network = await openNetworkThread(what, serializeModel(model), { signal });
  try {
    return await new Probe(what, model, input, network).findings(white, signal);
  } finally {
    await network.release();
  }
}

class Probe {
  constructor(
    private readonly what: string,
    private readonly model: OnnxModel,
    private readonly input: PictureInput,
    private readonly network: NetworkThread,
  ) {}

  async findings(given: 1 | 255 | undefined, signal: AbortSignal | undefined): Promise<Findings> {
    const base = this.input.size ?? { width: SIDE, height: SIDE };
    const result = await this.#run(base, testPicture(base, this.input.channels), given ?? 1);
    const { layout, size, type } = this.#outputOf(result);
    const scale = size.width / base.width;
    if (size.height / base.height !== scale) throw this.#refusal(`makes ${size.width}x${size.height} of ${base.width}x${base.height}`);
    const ends = { outputType: type, outputLayout: layout, scale };
    const align = this.input.size ? 1 : await this.#align(scale);
    const white = given ?? (await this.#white(base, ends));
    return { ...ends, align, white, reach: await this.#reach(base, ends, white), bytesPerPixel: await this.#memory(signal) };
  }

  async #run(size: Size, levels: Float32Array, white: number): Promise<NamedTensor> {
    const { name, type, layout, channels } = this.input;
    const data = type === 'uint8' ? Uint8Array.from(levels) : levels.map((level) => (level * white) / 255);
    const { width, height } = size;
    const planar = layout === 'nchw';
    const ordered = planar ? data : interleaved(data, channels);
    const results = await this.network.run({ [name]: { data: ordered, dims: planar ? [1, channels, height, width] : [1, height, width, channels] } });
    return Object.values(results)[0] as NamedTensor;
  }

  #outputOf({ dims, data }: NamedTensor): { layout: Layout; size: Size; type: 'uint8' | 'float32' } {
    const { channels } = this.input;
    const shown = `[${dims.join(', ')}]`;
    if (dims.length !== 4 || dims[0] !== 1) throw this.#refusal(`gives ${shown}`);
    if (!(data instanceof Float32Array || data instanceof Uint8Array)) throw this.#refusal('gives values of another type than uint8, float32 and float16');
    const preferred = this.input.layout;
    const fits = (layout: Layout) => dims[layout === 'nchw' ? 1 : 3] === channels;
    const layout = fits(preferred) ? preferred : (['nchw', 'nhwc'] as const).find(fits);
    if (layout === undefined) throw this.#refusal(`reads ${channels} channels, but gives ${shown}`);
    const [height, width] = (layout === 'nchw' ? [dims[2], dims[3]] : [dims[1], dims[2]]) as [number, number];
    return { layout, size: { width, height }, type: data instanceof Uint8Array ? 'uint8' : 'float32' };
  }

  /** The smallest step of sizes that all work, and give the same scale. */
  async #align(scale: number): Promise<number> {
    for (const align of ALIGNS) {
      const size = { width: SIDE + align, height: SIDE + 3 * align };
      const result = await this.#run(size, testPicture(size, this.input.channels), 1).catch((error: unknown) => {
        if (error instanceof SrvidError && error.code === 'SRVID_INTERRUPTED') throw error;
        return undefined;
      });
      if (!result) continue;
      const found = this.#outputOf(result).size;
      if (found.width === Math.round(size.width * scale) && found.height === Math.round(size.height * scale)) return align;
      if (align === ALIGNS.at(-1)) {
        throw this.#refusal(
          `makes ${found.width}x${found.height} of ${size.width}x${size.height}, but ${SIDE * scale}x${SIDE * scale} of ${SIDE}x${SIDE}: it has no fixed scale, or leaves out a border`,
        );
      }
    }
    throw this.#refusal(`takes pictures of ${SIDE}x${SIDE}, but not of larger multiples of ${ALIGNS.at(-1)}`);
  }

  /** The value of white: as the network's own ranges say it, else 1, unless the output looks like the input with 255 only. */
  async #white(base: Size, ends: Ends): Promise<1 | 255> {
    if (this.input.type === 'uint8' && ends.outputType === 'uint8') return 255;
    const stated = whiteOf(new Graph(this.model), this.input.name);
    if (stated !== undefined) return stated;
    const picture = testPicture(base, this.input.channels);
    const errors: number[] = [];
    for (const white of [1, 255]) errors.push(difference(picture, base, await this.#levels(base, picture, ends, white), ends.scale, this.input.channels));
    return (errors[0] as number) >= LIKE && (errors[1] as number) < LIKE ? 255 : 1;
  }

  /** The output in levels of 255, plane by plane. */
  async #levels(size: Size, picture: Float32Array, { outputType, outputLayout }: Ends, white: number): Promise<Float32Array> {
    const { data } = await this.#run(size, picture, white);
    const planar = outputLayout === 'nchw' ? (data as Float32Array) : planes(data as Float32Array, this.input.channels);
    const factor = outputType === 'uint8' ? 1 : 255 / white;
    return Float32Array.from(planar, (value) => value * factor);
  }

  /** Changes the centre and looks how far away the output changes, on a larger picture where the first is too small. */
  async #reach(base: Size, ends: Ends, white: 1 | 255): Promise<number> {
    const sizes = this.input.size ? [base] : [base, { width: 3 * SIDE, height: 3 * SIDE }];
    let reach = 0;
    for (const size of sizes) {
      reach = await this.#reachIn(size, ends, white);
      if (reach < Math.min(size.width, size.height) / 2 - 4) break;
    }
    return reach;
  }

  async #reachIn(size: Size, ends: Ends, white: 1 | 255): Promise<number> {
    const { channels } = this.input;
    const picture = testPicture(size, channels);
    const [x, y] = [size.width >> 1, size.height >> 1];
    const changed = picture.slice();
    for (let channel = 0; channel < channels; channel++) {
      const at = (channel * size.height + y) * size.width + x;
      changed[at] = ((picture[at] as number) + CHANGE) % 256;
    }
    const [before, after] = [await this.#levels(size, picture, ends, white), await this.#levels(size, changed, ends, white)];
    const [width, height] = [Math.round(size.width * ends.scale), Math.round(size.height * ends.scale)];
    let reach = 0;
    for (const [index, level] of after.entries()) {
      if (Math.abs(level - (before[index] as number)) < SEEN) continue;
      const [column, row] = [index % width, Math.floor(index / width) % height];
      reach = Math.max(reach, Math.abs((column + 0.5) / ends.scale - x - 0.5), Math.abs((row + 0.5) / ends.scale - y - 0.5));
    }
    return Math.ceil(reach);
  }

  /** Runs a copy of the network whose intermediate tensors are outputs, and adds up the largest. */
  async #memory(signal: AbortSignal | undefined): Promise<number> {
    const graph = new Graph(this.model);
    for (const { opType, output } of graph.nodes) if (opType !== 'Constant' && output[0] && !graph.isOutput(output[0])) graph.addOutput(output[0]);
    const size = this.input.size ?? { width: SIDE, height: SIDE };
    try {
      const exposed = await openNetworkThread(this.what, serializeModel(graph.toModel()), { signal });
      try {
        const { name, layout, channels, type } = this.input;
        const count = size.width * size.height * channels;
        const dims = layout === 'nchw' ? [1, channels, size.height, size.width] : [1, size.height, size.width, channels];
        const results = await exposed.run({ [name]: { data: type === 'uint8' ? new Uint8Array(count) : new Float32Array(count), dims } });
        const bytes = Object.values(results).map(({ data }) => data.byteLength);
        const largest = bytes.sort((a, b) => b - a).slice(0, ALIVE);
        return largest.reduce((sum, each) => sum + each, 0) / (size.width * size.height);
      } finally {
        await exposed.release();
      }
    } catch (error) {
      if (error instanceof SrvidError && error.code === 'SRVID_INTERRUPTED') throw error;
      return USUAL_BYTES; // Tensors of other types, or too many of them.
    }
  }

  #refusal(found: string): SrvidError {
    return new SrvidError(
      'SRVID_MODEL_UNSUPPORTED',
      `${this.what} ${found}. A network for pictures gives as many channels as it reads, and sides that are the same multiple of the input's at every size.`,
      { model: this.what },
    );
  }
}

type Ends = Pick<Findings, 'outputType' | 'outputLayout' | 'scale'>;

/** The mean difference in levels up to which an output counts as the enlarged input. */
const LIKE = 24;

/** A picture with slopes and edges, in levels of 255, plane by plane. */
function testPicture({ width, height }: Size, channels: number): Float32Array {
  const levels = new Float32Array(width * height * channels);
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const wave = Math.sin((x + 7 * channel) / 9) + Math.cos((y - 5 * channel) / 7);
        const edge = (x >> 4) % 2 === (y >> 4) % 2 ? 24 : -24;
        levels[(channel * height + y) * width + x] = Math.round(128 + 40 * wave + edge);
      }
  return levels;
}

/** Mean absolute difference between an output and the input repeated to its size, away from the border. */
function difference(picture: Float32Array, { width, height }: Size, output: Float32Array, scale: number, channels: number): number {
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  const border = Math.min(8, width >> 2, height >> 2);
  let [sum, count] = [0, 0];
  for (let channel = 0; channel < channels; channel++)
    for (let y = border; y < height - border; y++)
      for (let x = border; x < width - border; x++) {
        const at = (channel * high + Math.floor((y + 0.5) * scale)) * wide + Math.floor((x + 0.5) * scale);
        sum += Math.abs((output[at] as number) - (picture[(channel * height + y) * width + x] as number));
        count++;
      }
  return sum / count;
}

/** Rearranges planes to pixels: r, g, b, r, g, b ... */
function interleaved<T extends Uint8Array | Float32Array>(data: T, channels: number): T {
  const count = data.length / channels;
  return data.map((_, index) => data[(index % channels) * count + Math.floor(index / channels)] as number) as T;
}

/** Rearranges pixels to planes. */
function planes<T extends Uint8Array | Float32Array>(data: T, channels: number): T {
  const count = data.length / channels;
  return data.map((_, index) => data[(index % count) * channels + Math.floor(index / count)] as number) as T;
}
