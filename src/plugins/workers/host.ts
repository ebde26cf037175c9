import { messageOf, SrvidError } from '../../errors.js';
import { Timings } from '../../pipeline/frames/durations.js';
import { type RingMemory, SlotRing } from '../../pipeline/frames/ring.js';
import type { InferenceSettings } from '../inference/backend.js';
import type { NoteListener, PluginErrorPolicy } from '../notes.js';
import { type FrameOrigin, type Group, modelsOfGroups } from '../plan/groups.js';
import { modelKey, specKey } from '../plan/plugin-models.js';
import { retryDeaths, WorkerPool } from './pool.js';
import type { GroupSpec, TaskResult, WorkerRequest, WorkerSetup } from './protocol.js';
import type { Stage, Ticket } from './stage.js';

type GivenTask = Omit<Extract<WorkerRequest, { op: 'process' }>, 'id' | 'at'>;

/** Options of a plugin host. */
export interface HostOptions {
  readonly groups: readonly Group[];
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  /** Threads for the stateless groups. */
  readonly workers: number;
  /** Frames that may be in flight; every ring has a slot for each. */
  readonly credits: number;
  readonly taskTimeoutMs: number;
  /** Receives what plugins tell; without it nothing is received. */
  readonly onNote?: NoteListener;
  /** 'fail' where not given. */
  readonly onError?: PluginErrorPolicy;
}

/** Runs planned groups as stages in worker threads. It is the main thread's side. */
export class PluginHost {
  /** The source fills rings[0], stage n fills rings[n + 1]. */
  readonly rings: readonly SlotRing[];
  readonly stages: readonly Stage[];
  readonly timings: readonly Timings[];
  readonly #pools: readonly WorkerPool[];

  constructor(private readonly options: HostOptions) {
    const { groups } = options;
    this.rings = makeRings(groups, options.credits);
    const ringMemory = (index: number) => (this.rings[index] as SlotRing).memory;
    const setup = (runs: (group: Group, index: number) => boolean, size: number): WorkerSetup => ({
      groups: groups.map((group, index) => (runs(group, index) ? groupSpec(group, ringMemory(index), ringMemory(index + 1)) : undefined)),
      models: modelsOfGroups(groups.filter(runs)),
      origin: options.origin,
      inference: options.inference,
      opened: new SharedArrayBuffer(4),
      size,
      onError: options.onError ?? 'fail',
    });
    const shared = groups.some((group) => !group.ordered) ? this.#pool(setup((group) => !group.ordered, options.workers)) : undefined;
    const own = groups.map((group, index) => (group.ordered ? this.#pool(setup((_, at) => at === index, 1)) : undefined));
    this.#pools = [shared, ...own].filter((pool) => pool !== undefined);
    this.timings = groups.map((group) => new Timings(group.steps.map((step) => step.loaded.plugin.name)));
    this.stages = groups.map((group, index) => this.#stage(group, index, (own[index] ?? shared) as WorkerPool));
  }

  /** Loads every plugin and model in every worker. @throws the error of the first that cannot be loaded */
  async open(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.open()));
  }

  /** Tells every plugin that the last frame is through. @throws the first error that one of them throws then */
  async flush(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.flush()));
  }

  /** Waits for running tasks, then ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }

  #pool(setup: WorkerSetup): WorkerPool {
    return new WorkerPool(setup.size, setup, this.options.taskTimeoutMs, this.options.onNote);
  }

  /** Processes a frame. Where its worker died or hung, and the policy says so, the frame passes the plugin that was at work. */
  async #process(pool: WorkerPool, group: Group, task: GivenTask): Promise<TaskResult> {
    try {
      return await (group.ordered ? pool.run(task) : retryDeaths(pool.size, () => pool.run(task)));
    } catch (error) {
      const skip = error instanceof SrvidError && error.code === 'SRVID_WORKER_FAILED' ? error.details['place'] : undefined;
      if (this.options.onError !== 'bypass' || typeof skip !== 'number') throw error;
      const { name: plugin } = (group.steps[skip] as Group['steps'][number]).loaded.plugin;
      const message = `${messageOf(error)} The frame passes without the plugin.`;
      this.options.onNote?.({ type: 'log', plugin, level: 'error', frame: task.frame, message });
      return await pool.run({ ...task, skip });
    }
  }

  #stage(group: Group, index: number, pool: WorkerPool): Stage {
    const output = this.rings[index + 1] as SlotRing;
    const timings = this.timings[index] as Timings;
    const run = async (ticket: Ticket, neighbours: readonly Ticket[]): Promise<Ticket> => {
      const slot = output.take();
      const inputs = neighbours.map((n) => n.slot);
      const task = { op: 'process', group: index, inputs, output: slot, pts: neighbours.map((n) => n.pts), frame: ticket.sequence } as const;
      try {
        const { stepMs, bypassed } = await this.#process(pool, group, task);
        timings.add(stepMs);
        return { ...ticket, slot, duplicate: false, reused: false, bypassed: ticket.bypassed || bypassed };
      } catch (error) {
        output.release(slot);
        throw error;
      }
    };
    return {
      name: group.steps.map((step) => step.loaded.plugin.name).join('+'),
      input: group.input,
      output: group.output,
      concurrency: pool.size,
      window: group.window,
      reusable: group.reusable,
      process: run,
    };
  }
}

/** A group in the form from which a worker rebuilds it. */
export function groupSpec({ steps, window }: Group, input: RingMemory, output: RingMemory): GroupSpec {
  const rebuilt = steps.map(({ loaded, arrives, reads, gives }) => ({
    name: loaded.plugin.name,
    module: loaded.module,
    given: loaded.given,
    models: loaded.models.map(({ spec, model }) => [specKey(spec), modelKey(model)] as const),
    arrives,
    reads,
    gives,
  }));
  return { steps: rebuilt, input, output, past: window.past };
}

/**
 * Makes a ring before, between and after the groups. Beside a slot for each credit, a ring has slots for the past
 * frames in its reader's window, and one for the result that a duplicate frame would reuse.
 */
function makeRings(groups: readonly Group[], credits: number): readonly SlotRing[] {
  const first = groups[0] as Group;
  const extra = (group: Group | undefined) => (group ? group.window.past : 0);
  return [
    new SlotRing(first.input, credits + extra(first) + 1),
    ...groups.map((group, index) => new SlotRing(group.output, credits + extra(groups[index + 1]) + (group.reusable ? 1 : 0))),
  ];
}
