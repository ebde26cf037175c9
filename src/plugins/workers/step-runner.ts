import { describeCause, messageOf, SrvidError } from '../../errors.js';
import {
  describeFormat,
  type Frame,
  frameBytes,
  lumaBytes,
  lumaFormat,
  type PixelFormat,
  type PlainFormat,
  planesOf,
  sameFormat,
} from '../../pipeline/frames/frame.js';
import type { Model, ModelSpec, Plugin, PluginContext, WritableFrame } from '../contract.js';
import type { PluginErrorPolicy } from '../notes.js';
import { type Convert, planConversion } from '../pixels/convert.js';
import type { FrameOrigin } from '../plan/groups.js';
import { specKey } from '../plan/plugin-models.js';
import { importPlugin, isOwnModule, validateOptions } from '../registry.js';
import { inPlace } from '../threads/place.js';
import { planBypass } from './bypass.js';
import { HoardWatch } from './hoard-watch.js';
import { InputGuard } from './input-guard.js';
import type { StepSpec } from './protocol.js';
import type { TaskNotes, TaskPlace, Voice } from './voice.js';

/** One frame of a step's work: the bytes that arrive, past, present and future, and memory for the result. */
export interface StepTask {
  readonly arriving: readonly Uint8Array[];
  readonly pts: readonly number[];
  /** Index of the frame in process. */
  readonly present: number;
  readonly into: Uint8Array;
  readonly frame: number | undefined;
  readonly notes: TaskNotes;
}

/** The parts of a thread that its plugins share. */
export interface ThreadParts {
  readonly origin: FrameOrigin;
  /** This thread's models by their keys. */
  readonly models: ReadonlyMap<string, Model>;
  readonly voice: Voice;
  readonly onError: PluginErrorPolicy;
}

/** Failures on this thread that people are told of, where frames pass without the plugin. */
const TOLD_FAILURES = 5;

/** Runs one plugin: shows it the planes that it declared, and carries the others along. */
export class StepRunner {
  readonly #convert: Convert | undefined;
  readonly #converted: Uint8Array[] = [];
  readonly #modelKeys: ReadonlyMap<string, string>;
  #scratch: Uint8Array | undefined;
  #frames: readonly Frame[] = [];
  #present = 0;
  #given: WritableFrame | undefined;
  #into: Uint8Array = new Uint8Array(0);
  /** Watches over plugins that are not srvid's own. */
  readonly #watch: { readonly input: InputGuard; readonly hoard: HoardWatch } | undefined;
  #bypass: Convert | undefined;
  #failures = 0;
  readonly #context: { -readonly [K in keyof PluginContext<unknown, unknown>]: PluginContext<unknown, unknown>[K] };

  private constructor(
    private readonly step: StepSpec,
    private readonly plugin: Plugin,
    options: unknown,
    private readonly parts: ThreadParts,
  ) {
    const { voice } = parts;
    this.#convert = planConversion(step.arrives, step.reads, parts.origin.color);
    if (!isOwnModule(step.module)) this.#watch = { input: new InputGuard(), hoard: new HoardWatch() };
    this.#modelKeys = new Map(step.models);
    this.#context = {
      options,
      state: undefined,
      input: { width: step.reads.width, height: step.reads.height },
      output: { width: step.gives.width, height: step.gives.height },
      allocate: () => this.#allocate(),
      neighbour: (offset) => this.#neighbour(offset),
      model: (spec) => this.#model(spec),
      ...voice.of(step.name),
    };
  }

  /** Imports and initialises a plugin. @throws SRVID_PLUGIN_INVALID, SRVID_PLUGIN_FAILED */
  static async open(step: StepSpec, parts: ThreadParts): Promise<StepRunner> {
    const plugin = await importPlugin(step.module, step.name);
    const runner = new StepRunner(step, plugin, validateOptions(plugin, step.given), parts);
    runner.#context.state = await runner.#guard({ step: 'init' }, () => plugin.init?.(runner.#context as PluginContext<unknown>));
    return runner;
  }

  /**
   * Memory for this step's result where it is not the group's; one for all frames, since a thread processes one at a
   * time.
   */
  scratch(): Uint8Array {
    this.#scratch ??= new Uint8Array(frameBytes(this.step.gives));
    return this.#scratch;
  }

  /**
   * Processes one frame, or lets it pass without the plugin.
   * @returns false where it passed without, by `skip` or by the policy for errors
   */
  async process(task: StepTask, skip: boolean): Promise<boolean> {
    const reads = task.arriving.map((bytes, index) => this.#readable(bytes, index));
    if (!skip) {
      try {
        await this.#process(reads, task);
        return true;
      } catch (error) {
        if (this.parts.onError === 'fail') throw error;
        this.#tellBypass(messageOf(error), task);
      }
    }
    this.#bypass ??= planBypass(this.step.reads, this.step.gives);
    this.#bypass(reads[task.present] as Uint8Array, task.into);
    return false;
  }

  async #process(reads: readonly Uint8Array[], { pts, present, into, frame: number, notes }: StepTask): Promise<void> {
    this.#frames = reads.map((bytes, index) => this.#view(this.step.reads, bytes, pts[index] as number));
    this.#present = present;
    this.#into = into;
    this.#given = undefined;
    const frame = this.#frames[present] as Frame;
    const call = { step: 'process', frame: number, pts: frame.pts, task: notes };
    this.#watch?.input.before(reads);
    const result = await this.#guard(call, () => this.plugin.process(frame, this.#context));
    this.#check(result, frame, call);
    if (result === frame) this.#into.set(reads[present] as Uint8Array);
    else this.#carryChroma(reads[present] as Uint8Array);
  }

  #tellBypass(why: string, { frame, notes: task }: StepTask): void {
    if (++this.#failures > TOLD_FAILURES) return;
    const more = this.#failures === TOLD_FAILURES ? ' More of the kind are not told.' : '';
    this.parts.voice.say('error', `${why} The frame passes without it.${more}`, { plugin: this.step.name, step: 'process', frame, task });
  }

  #check(result: Frame | undefined, frame: Frame, call: Call): void {
    const { reads, gives } = this.step;
    if (this.#watch?.input.wasWritten()) throw this.#failure(call, 'it wrote to the frame that it was given; the result belongs into context.allocate()');
    const kept = this.#watch?.hoard.excess();
    if (kept !== undefined)
      throw this.#failure(call, `its thread holds ${kept} MB in buffers, more and more from frame to frame: it keeps frames, or copies of them`);
    if (result === frame && !sameFormat(reads, gives)) {
      const [given, wanted] = [describeFormat(reads), describeFormat(gives)];
      throw this.#failure(call, `it returned its input, ${given}, but by its scale it gives ${wanted}`);
    }
    if (result === undefined) throw this.#failure(call, 'it returned nothing, and not a frame of context.allocate()');
    if (result !== frame && result !== this.#given) throw this.#failure(call, 'it returned something that context.allocate did not make');
  }

  async flush(): Promise<void> {
    await this.#guard({ step: 'flush' }, () => this.plugin.flush?.(this.#context));
  }

  async close(): Promise<void> {
    await this.#guard({ step: 'close' }, () => this.plugin.close?.(this.#context));
  }

  #readable(bytes: Uint8Array, index: number): Uint8Array {
    if (!this.#convert) return bytes;
    this.#converted[index] ??= new Uint8Array(frameBytes(this.step.reads));
    this.#convert(bytes, this.#converted[index]);
    return this.#converted[index];
  }

  /** The plugin's view of a frame's bytes. */
  #view(format: StepSpec['reads'], bytes: Uint8Array, pts: number): Frame {
    const { width, height } = format;
    const lumaOnly = this.plugin.planes === 'y';
    const seen: PlainFormat = lumaOnly ? lumaFormat(format) : { kind: format.kind as PixelFormat, width, height };
    // Frozen, so that a plugin that moves a time or swaps a plane is told so.
    const planes = Object.freeze(planesOf(seen, bytes).map((plane) => Object.freeze(plane)));
    return Object.freeze({ format: seen.kind, width, height, planes, pts, ...this.parts.origin });
  }

  #model(spec: ModelSpec): Model {
    const key = this.#modelKeys.get(specKey(spec));
    const model = key === undefined ? undefined : this.parts.models.get(key);
    if (model) return model;
    const { name } = this.step;
    throw new SrvidError('SRVID_PLUGIN_FAILED', `Plugin ${name} asked for a model that it does not name in "models": ${specKey(spec)}.`, { plugin: name });
  }

  #allocate(): WritableFrame {
    this.#given ??= this.#view(this.step.gives, this.#into, (this.#frames[this.#present] as Frame).pts);
    return this.#given;
  }

  #neighbour(offset: number): Frame {
    const frame = this.#frames[this.#present + offset];
    if (frame) return frame;
    throw new RangeError(`neighbour(${offset}): the plugin's window has ${this.#present} past and ${this.#frames.length - 1 - this.#present} future frames`);
  }

  /** Copies the rest of a frame behind a luma plugin's result: its chroma, or the small frame that it comes from. */
  #carryChroma(input: Uint8Array): void {
    if (this.plugin.planes !== 'y') return;
    const { reads, gives } = this.step;
    const becomesSplit = gives.kind === 'split' && reads.kind !== 'split';
    const rest = becomesSplit ? input : input.subarray(lumaBytes(reads));
    this.#into.set(rest, lumaBytes(gives));
  }

  async #guard<T>(call: Call, work: () => T | Promise<T>): Promise<T> {
    try {
      return await inPlace<T | Promise<T>>({ ...call, plugin: this.step.name }, work);
    } catch (error) {
      if (error instanceof SrvidError) throw error;
      throw this.#failure(call, messageOf(error), error);
    }
  }

  #failure({ step, frame, pts }: Call, why: string, cause?: unknown): SrvidError {
    const { num, den } = this.parts.origin.timeBase;
    const number = frame === undefined ? 'a trial frame' : `frame ${frame}`;
    const where = pts === undefined ? '' : ` at ${number} with pts ${pts} (${((pts * num) / den).toFixed(3)} s)`;
    return new SrvidError(
      'SRVID_PLUGIN_FAILED',
      `Plugin ${this.step.name} failed in ${step}${where}: ${why}.`,
      { plugin: this.step.name, step, frame, pts },
      cause && describeCause(cause),
    );
  }
}

type Call = Omit<TaskPlace, 'plugin'>;
