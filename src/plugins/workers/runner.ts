import { slotBytes } from '../../pipeline/frames/ring.js';
import { type Convert, planConversion } from '../pixels/convert.js';
import type { FrameTask, GroupSpec, StepSpec, TaskResult } from './protocol.js';
import { StepRunner, type ThreadParts } from './step-runner.js';
import type { TaskNotes, Voice } from './voice.js';

/** Runs one group on one thread: from input slots to one output slot. */
export class GroupRunner {
  private constructor(
    private readonly spec: GroupSpec,
    private readonly steps: readonly StepRunner[],
    private readonly finish: Convert | undefined,
    private readonly voice: Voice,
  ) {}

  /** Imports and initialises the group's plugins. @throws SRVID_PLUGIN_INVALID, SRVID_PLUGIN_FAILED */
  static async open(spec: GroupSpec, { origin, models, voice, onError }: ThreadParts): Promise<GroupRunner> {
    const steps: StepRunner[] = [];
    for (const step of spec.steps) steps.push(await StepRunner.open(step, { origin, models, voice, onError }));
    const last = spec.steps.at(-1) as StepSpec;
    return new GroupRunner(spec, steps, planConversion(last.gives, spec.output.format, origin.color), voice);
  }

  /** Processes one frame. */
  async process(task: FrameTask): Promise<TaskResult> {
    const notes = this.voice.begin(task.frame !== undefined);
    let done = false;
    try {
      const result = await this.#run(task, notes);
      done = true;
      return result;
    } finally {
      this.voice.end(notes, done);
    }
  }

  async #run({ inputs, output, pts, frame, skip, at }: FrameTask, notes: TaskNotes): Promise<TaskResult> {
    const { spec, finish } = this;
    const target = slotBytes(spec.output, output);
    let arriving = inputs.map((slot) => slotBytes(spec.input, slot));
    let times = pts;
    let present = spec.past;
    let bypassed = false;
    const stepMs: number[] = [];
    const atWork = new Int32Array(at);
    for (const [index, step] of this.steps.entries()) {
      const since = performance.now();
      const last = index === this.steps.length - 1;
      const into = last && !finish ? target : step.scratch();
      Atomics.store(atWork, 0, index + 1);
      const work = { arriving, pts: times, present, into, frame, notes };
      if (!(await step.process(work, index === skip))) bypassed = true;
      if (last) finish?.(into, target);
      [arriving, times, present] = [[into], [times[present] as number], 0];
      stepMs.push(performance.now() - since);
    }
    return { stepMs, bypassed };
  }

  /** Tells plugins that the last frame is through. */
  async flush(): Promise<void> {
    for (const step of this.steps) await step.flush();
  }

  async close(): Promise<void> {
    for (const step of this.steps) await step.close();
  }
}
