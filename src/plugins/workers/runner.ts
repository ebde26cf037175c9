import { describeCause, messageOf, SrvidError } from '../../errors.js';
import { type Frame, frameBytes, lumaBytes, lumaFormat, type PixelFormat, type PlainFormat, planesOf, sameFormat } from '../../pipeline/frames/frame.js';
import { slotBytes } from '../../pipeline/frames/ring.js';
import type { Model, ModelSpec, Plugin, PluginContext, WritableFrame } from '../contract.js';
import { type Convert, planConversion } from '../pixels/convert.js';
import type { FrameOrigin } from '../plan/groups.js';
import { specKey } from '../plan/plugin-models.js';
import { importPlugin, validateOptions } from '../registry.js';
import { inPlace } from '../threads/place.js';
import type { GroupSpec, StepSpec } from './protocol.js';
import type { TaskNotes, TaskPlace, Voice } from './voice.js';

/** This thread's models by their ids. */
export type ThreadModels = ReadonlyMap<string, Model>;

/** One frame of a group's work: slots of the input ring, past, present and future, with a pts each, and the output's slot. */
export interface FrameTask {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly pts: readonly number[];
  /** The frame's number; undefined for a trial frame, of which plugins tell nothing. */
  readonly frame: number | undefined;
}

/** Runs one group on one thread: from input slots to one output slot. */
export class GroupRunner {
  private constructor(
    private readonly spec: GroupSpec,
    private readonly steps: readonly StepRunner[],
    private readonly finish: Convert | undefined,
    private readonly voice: Voice,
  ) {}

  /** Imports and initialises the group's plugins. @throws SRVID_PLUGIN_INVALID, SRVID_PLUGIN_FAILED */
  static async open(spec: GroupSpec, origin: FrameOrigin, models: ThreadModels, voice: Voice): Promise<GroupRunner> {
    const steps: StepRunner[] = [];
    for (const step of spec.steps) steps.push(await StepRunner.open(step, origin, models, voice));
    const last = spec.steps.at(-1) as StepSpec;
    return new GroupRunner(spec, steps, planConversion(last.gives, spec.output.format, origin.color), voice);
  }

  /** Processes one frame. @returns milliseconds by step */
  async process(task: FrameTask): Promise<number[]> {
    const notes = this.voice.begin(task.frame !== undefined);
    let done = false;
    try {
      const stepMs = await this.#run(task, notes);
      done = true;
      return stepMs;
    } finally {
      this.voice.end(notes, done);
    }
  }

  async #run({ inputs, output, pts, frame }: FrameTask, notes: TaskNotes): Promise<number[]> {
    const { spec, finish } = this;
    const target = slotBytes(spec.output, output);
    let arriving = inputs.map((slot) => slotBytes(spec.input, slot));
    let times = pts;
    let present = spec.past;
    const stepMs: number[] = [];
    for (const [index, step] of this.steps.entries()) {
      const since = performance.now();
      const last = index === this.steps.length - 1;
      const into = last && !finish ? target : step.scratch();
      await step.process({ arriving, pts: times, present, into, frame, notes });
      if (last) finish?.(into, target);
      [arriving, times, present] = [[into], [times[present] as number], 0];
      stepMs.push(performance.now() - since);
    }
    return stepMs;
  }

  /** Tells plugins that the last frame is through. */
  async flush(): Promise<void> {
    for (const step of this.steps) await step.flush();
  }

  async close(): Promise<void> {
    for (const step of this.steps) await step.close();
  }
}

/** One frame of a step's work: the bytes that arrive, past, present and future, and memory for the result. */
interface StepTask {
  readonly arriving: readonly Uint8Array[];
  readonly pts: readonly number[];
  /** Index of the frame in process. */
  readonly present: number;
  readonly into: Uint8Array;
  readonly frame: number | undefined;
  readonly notes: TaskNotes;
}

/** Runs one plugin: shows it the planes that it declared, and carries the others along. */
class StepRunner {
  readonly #convert: Convert | undefined;
  readonly #converted: Uint8Array[] = [];
  readonly #modelIds: ReadonlyMap<string, string>;
  #scratch: Uint8Array | undefined;
  #frames: readonly Frame[] = [];
  #present = 0;
  #given: WritableFrame | undefined;
  #into: Uint8Array = new Uint8Array(0);
  readonly #context: { -readonly [K in keyof PluginContext<unknown, unknown>]: PluginContext<unknown, unknown>[K] };

  private constructor(
    private readonly step: StepSpec,
    private readonly plugin: Plugin,
    options: unknown,
    private readonly origin: FrameOrigin,
    models: ThreadModels,
    voice: Voice,
  ) {
    this.#convert = planConversion(step.arrives, step.reads, origin.color);
    this.#modelIds = new Map(step.models);
    this.#context = {
      options,
      state: undefined,
      input: { width: step.reads.width, height: step.reads.height },
      output: { width: step.gives.width, height: step.gives.height },
      allocate: () => this.#allocate(),
      neighbour: (offset) => this.#neighbour(offset),
      model: (spec) => this.#model(spec, models),
      ...voice.of(step.name),
    };
  }

  static async open(step: StepSpec, origin: FrameOrigin, models: ThreadModels, voice: Voice): Promise<StepRunner> {
    const plugin = await importPlugin(step.module, step.name);
    const runner = new StepRunner(step, plugin, validateOptions(plugin, step.given), origin, models, voice);
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

  async process({ arriving, pts, present, into, frame: number, notes }: StepTask): Promise<void> {
    const reads = arriving.map((bytes, index) => this.#readable(bytes, index));
    this.#frames = reads.map((bytes, index) => this.#view(this.step.reads, bytes, pts[index] as number));
    this.#present = present;
    this.#into = into;
    this.#given = undefined;
    const frame = this.#frames[present] as Frame;
    const call = { step: 'process', frame: number, pts: frame.pts, task: notes };
    const result = await this.#guard(call, () => this.plugin.process(frame, this.#context));
    if (result === frame) this.#passOn(reads[present] as Uint8Array, call);
    else if (result === undefined || result !== this.#given) throw this.#failure(call, 'it returned something that context.allocate did not make');
    else this.#carryChroma(reads[present] as Uint8Array);
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
    return { format: seen.kind, width, height, planes: planesOf(seen, bytes), pts, ...this.origin };
  }

  #model(spec: ModelSpec, models: ThreadModels): Model {
    const id = this.#modelIds.get(specKey(spec));
    const model = id === undefined ? undefined : models.get(id);
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

  #passOn(bytes: Uint8Array, call: Call): void {
    if (!sameFormat(this.step.reads, this.step.gives)) throw this.#failure(call, 'it returned its input, but its output has another size');
    this.#into.set(bytes);
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
    const { num, den } = this.origin.timeBase;
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
