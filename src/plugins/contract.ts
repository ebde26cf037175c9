import type { Frame } from '../pipeline/frames/frame.js';

export type { Color, Frame, PixelFormat, Plane } from '../pipeline/frames/frame.js';
export type { Rational } from '../pipeline/frames/time.js';

/**
 * The version of this contract. A plugin names the version that it was written for; any other is refused before the
 * first frame.
 */
export const PLUGIN_API_VERSION = 1;

/** Turns a user's values into valid options, or throws. A zod schema is one. */
export interface OptionsSchema<Options> {
  parse(value: unknown): Options;
}

/** Width and height of a frame, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Factors that a plugin enlarges by: those of a list, or every real number of a range, its ends included. */
export type Scales = readonly number[] | { readonly least: number; readonly most: number };

/** An ONNX model that a plugin asks for: one of srvid's library, or one in a file that comes with the plugin. */
export type ModelSpec = ListedModel | ModelFile;

/** A model of srvid's library, named by its properties, in the precision that the user chose. */
export interface ListedModel {
  /** The family's name in `srvid models`, "abpn". */
  readonly family: string;
  /** Output size ÷ input size; left out for a model whose output size the plugin determines. */
  readonly scale?: number;
  /** The planes of its input and output; 'y' where not given. 'yuv': the three of 4:2:0, each an input and an output of its own. */
  readonly planes?: 'y' | 'yuv' | 'rgb';
  readonly precision?: 'int8' | 'fp32';
}

/**
 * A model in a file of the plugin's own, whole in that file. It takes and gives tensors of any sizes, one or several, of bytes or floats;
 * float16 inputs and outputs are float32 to the plugin. It is read and hashed once, before the first frame.
 */
export interface ModelFile {
  /** The .onnx file: a path, relative to the plugin's own file, or a URL. */
  readonly file: string | URL;
  /** The file's SHA-256, 64 hex digits. Any other content is then refused. */
  readonly sha256?: string;
}

/** A tensor over memory that its owner keeps. */
export interface Tensor {
  /** The values, as many as `dims` require, in the model's type. */
  readonly data: Uint8Array | Float32Array;
  /** Size along each axis. A picture is NCHW: [batch, channels, height, width]. */
  readonly dims: readonly number[];
}

/**
 * A loaded model. The networks of srvid's library read and give uint8: those that enlarge have one input and one output, those that
 * restore have Y, U and V of 4:2:0 apart. Luma keeps video's levels (16..235 in limited range).
 */
export interface Model {
  readonly id: string;
  /** Output size ÷ input size, any real number; undefined for a model whose output size the plugin determines. */
  readonly scale: number | undefined;
  /**
   * Runs the model on one or several inputs and fills one or several outputs, in the order of the model's file. The
   * caller owns all memory.
   * @throws SRVID_MODEL_INVALID where count, type or sizes do not fit
   */
  run(input: Tensor | readonly Tensor[], output: Tensor | readonly Tensor[]): Promise<void>;
}

/** A frame whose planes may be written. */
export type WritableFrame = Frame;

/** Messages of a plugin for people. They come out with the plugin's name: on standard error, or at a program's `onLog`. */
export interface PluginLog {
  /** Shown with `--verbose` alone. */
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Figures of a plugin, added up over all its threads. They stand in the run's summary and in `prometheusText`. A name is
 * a letter followed by letters, digits and underscores. @throws TypeError for another name, or a value that is not finite
 */
export interface PluginMeter {
  /** Adds to a counter, which begins at 0; 1 where not given. */
  count(name: string, by?: number): void;
  /** Sets a gauge. */
  gauge(name: string, value: number): void;
}

/** A plugin's access to the host while it runs. It belongs to one plugin on one thread. */
export interface PluginContext<Options, State = undefined> {
  readonly options: Options;
  /** The value that `init` returned. Each place in a chain has its own, on each thread. */
  readonly state: State;
  /** Size of the frames that the plugin receives; `output` is that of the frames that it must return. */
  readonly input: Size;
  readonly output: Size;
  /**
   * The frame to write the result into. Its size is `output`; format, pts and colour are those of the frame in process.
   * Its content is undefined. Further calls during one `process` return the same frame.
   */
  allocate(): WritableFrame;
  /**
   * The frame `offset` places after the one in process, from -past to +future of `window`. The stream's first and last
   * frame repeat beyond its ends.
   */
  neighbour(offset: number): Frame;
  /** The loaded model for a spec that `models` returned. @throws SRVID_PLUGIN_FAILED for any other spec */
  model(spec: ModelSpec): Model;
  readonly log: PluginLog;
  /**
   * Sends an event to the caller: a program's `onEvent`, or a line of `--json`. During `process` it is sent when the frame
   * is done, exactly once, with the frame's number and pts. Events of several threads come as their frames are done; those
   * of an ordered plugin come in order.
   * @param event any value that JSON can hold, of 64 KiB at most
   * @throws TypeError for any other
   */
  emit(event: unknown): void;
  /** Aborts where the session stops before its end, and before `close`. It ends waits for files or the network. */
  readonly signal: AbortSignal;
  readonly metrics: PluginMeter;
}

/**
 * One step of work on frames. The host calls `init` once on each thread that runs the plugin, then `process` for each
 * frame (one call at a time on a thread), then `flush` and `close`.
 */
export interface Plugin<Options = unknown, State = unknown> {
  /** The plugin's name in presets, plans and errors, in lower case. */
  readonly name: string;
  /** `PLUGIN_API_VERSION` of the contract that it was written for. */
  readonly apiVersion: number;
  readonly description?: string;
  /** Validates `?option=value`. A plugin without it takes no options. */
  readonly options?: OptionsSchema<Options>;
  /**
   * The planes that it reads and writes. 'y': luma only, as a frame of format `gray`; the host carries the chroma
   * along. 'yuv': the stream's own planar format. 'rgb': rgb24, full range; the host converts both ways.
   */
  readonly planes: 'y' | 'yuv' | 'rgb';
  /** Output size ÷ input size, any real number, or the output size itself. 1 where not given. */
  readonly scale?: number | ((options: Options, input: Size) => number | Size);
  /**
   * The values that its option `scale` may have; `--scale` and `--height` choose among them. A plugin with a range has the
   * options `width` and `height`, too, an output size to be met exactly, which go before `scale`; srvid sets them where no one factor makes both sides
   * and the plugin has no networks.
   */
  readonly scales?: Scales;
  /**
   * Pixels of the input that a result depends on, on each side. A number is a promise that the result depends on
   * nothing else (not on the pts, not on chance), so that equal input may reuse it; 'global' promises nothing.
   */
  readonly halo: number | 'global';
  /** Number of neighbouring frames that it reads. The host keeps past ones and waits for future ones. */
  readonly window?: { readonly past: number; readonly future: number };
  /** 'ordered': it keeps something from frame to frame, so one thread runs it, in order. 'none' where not given. */
  readonly state?: 'none' | 'ordered';
  /** The models to load and check before the first frame. */
  models?(options: Options): readonly ModelSpec[];
  /**
   * Multiplications of its models for one frame, by which levels of real time are put in order; where not given, all of them on
   * every pixel of the input. `perPixel` has those of each model for one pixel, in the order of `models`.
   */
  macs?(options: Options, sizes: { readonly input: Size; readonly output: Size }, perPixel: readonly number[]): number;
  /** Makes the state that the plugin keeps between frames. `context.state` is still undefined. */
  init?(context: PluginContext<Options>): State | Promise<State>;
  /**
   * Processes one frame and returns one: the frame from `context.allocate`, or `frame` itself where nothing changes.
   * Planes are tight (stride = bytes of a row) and valid only during the call. `frame` must not be written to.
   */
  process(frame: Frame, context: PluginContext<Options, State>): Frame | Promise<Frame>;
  /** Called after the last frame, before `close`. */
  flush?(context: PluginContext<Options, State>): void | Promise<void>;
  close?(context: PluginContext<Options, State>): void | Promise<void>;
}

/** Gives a plugin its types and freezes it. A plugin module exports the result as its default. */
export function definePlugin<Options = Record<string, never>, State = undefined>(plugin: Plugin<Options, State>): Plugin<Options, State> {
  return Object.freeze(plugin);
}
