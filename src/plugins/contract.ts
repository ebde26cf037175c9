import type { Frame } from '../pipeline/frames/frame.js';

export type { Color, Frame, PixelFormat, Plane } from '../pipeline/frames/frame.js';
export type { Rational } from '../pipeline/frames/time.js';

/** The version of this contract. A plugin says which it was written for; another one is refused before the first frame. */
export const PLUGIN_API_VERSION = 1;

/** Anything that turns what a user gave into valid options or throws; a zod schema is one. */
export interface OptionsSchema<Options> {
  parse(value: unknown): Options;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An ONNX model that a plugin wants: one of srvid's own, by what it does, in the precision the user chose. */
export interface ModelSpec {
  /** "abpn", as `srvid models` lists it. */
  readonly family: string;
  readonly scale: number;
  /** What it reads and writes; 'y' where not given. */
  readonly planes?: 'y' | 'rgb';
  readonly precision?: 'int8' | 'fp32';
}

/** A tensor over memory that its owner keeps. */
export interface Tensor {
  /** As many values as `dims` say, of the type that the model has. */
  readonly data: Uint8Array | Float32Array;
  /** A picture is NCHW: [batch, channels, height, width]. */
  readonly dims: readonly number[];
}

/** A loaded model. srvid's own have one uint8 input and one uint8 output; luma as video stores it (16..235 in limited range). */
export interface Model {
  readonly id: string;
  /** Output size ÷ input size, any real number; undefined for a model whose output size is the plugin's to say. */
  readonly scale: number | undefined;
  /**
   * Runs the model on one input or several and fills one output or several, in the order of the model's file.
   * @throws SRVID_MODEL_INVALID where count, type or sizes do not fit
   */
  run(input: Tensor | readonly Tensor[], output: Tensor | readonly Tensor[]): Promise<void>;
}

/** A frame whose planes may be written. */
export type WritableFrame = Frame;

/** What a plugin may ask for while it runs. It belongs to one plugin on one thread. */
export interface PluginContext<Options, State = undefined> {
  readonly options: Options;
  /** What `init` returned. Each place in a chain has its own, on each thread. */
  readonly state: State;
  /** Sizes of the frames that come and of those that are wanted. */
  readonly input: Size;
  readonly output: Size;
  /**
   * The frame to write the result into. Its size is `output`; format, pts and colour are those of the frame in process.
   * Its content is undefined. Further calls during one `process` return the same frame.
   */
  allocate(): WritableFrame;
  /** A neighbour of the frame in process, -past to +future as `window` asks; the stream's ends repeat. */
  neighbour(offset: number): Frame;
  /** A model that `models` named. */
  model(spec: ModelSpec): Model;
}

/**
 * One step of work on frames. The host calls `init` once on each thread that runs it, then `process` for each frame
 * (one call at a time on a thread), then `flush` and `close`. What reads and writes which thread is not its concern.
 */
export interface Plugin<Options = unknown, State = unknown> {
  /** Lower case, as in a preset. */
  readonly name: string;
  readonly apiVersion: number;
  readonly description?: string;
  /** Validates `?option=value`; without it, options are refused. */
  readonly options?: OptionsSchema<Options>;
  /**
   * What it reads and writes. 'y': luma only (the frame is `gray`; the host carries the chroma along). 'yuv': the
   * stream's own planar format. 'rgb': rgb24, full range; the host converts both ways.
   */
  readonly planes: 'y' | 'yuv' | 'rgb';
  /** Output size ÷ input size, any real number, or the output size itself. 1 where not given. */
  readonly scale?: number | ((options: Options, input: Size) => number | Size);
  /** The values that its option `scale` may have; `--scale` and `--height` choose among them. */
  readonly scales?: readonly number[];
  /**
   * Pixels of the input that a result depends on, on each side. A number is a promise that the result depends on
   * nothing else (not on the pts, not on chance), so that equal input may reuse it; 'global' promises nothing.
   */
  readonly halo: number | 'global';
  /** Neighbouring frames it reads; they are held, and future ones waited for. */
  readonly window?: { readonly past: number; readonly future: number };
  /** 'ordered': keeps something from frame to frame, so one thread runs it, in order. 'none' where not given. */
  readonly state?: 'none' | 'ordered';
  /** The models to load and check before the first frame. */
  models?(options: Options): readonly ModelSpec[];
  /** Makes what the plugin keeps between frames; `context.state` is not there yet. */
  init?(context: PluginContext<Options>): State | Promise<State>;
  /**
   * One frame in, one frame out: the one from `context.allocate`, or `frame` itself where nothing changes. Planes are
   * tight (stride = bytes of a row) and valid only during the call; `frame` must not be written to.
   */
  process(frame: Frame, context: PluginContext<Options, State>): Frame | Promise<Frame>;
  /** After the last frame. */
  flush?(context: PluginContext<Options, State>): void | Promise<void>;
  close?(context: PluginContext<Options, State>): void | Promise<void>;
}

/** Gives a plugin its types. A plugin module exports the result as its default. */
export function definePlugin<Options = Record<string, never>, State = undefined>(plugin: Plugin<Options, State>): Plugin<Options, State> {
  return Object.freeze(plugin);
}
