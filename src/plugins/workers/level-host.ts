import { SlotRing } from '../../pipeline/frames/ring.js';
import type { InferenceSettings } from '../inference/backend.js';
import type { NoteListener, PluginErrorPolicy } from '../notes.js';
import { type FrameOrigin, type Group, modelsOfGroups } from '../plan/groups.js';
import { groupSpec } from './host.js';
import { WorkerPool } from './pool.js';
import type { TaskResult } from './protocol.js';

/** Options of a level host. */
export interface LevelHostOptions {
  /**
   * One group for each level, best first. All read and give the same formats, and none keeps anything from frame to
   * frame.
   */
  readonly groups: readonly Group[];
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  readonly workers: number;
  /** Number of slots of the rings before and after the groups. */
  readonly slots: { readonly input: number; readonly output: number };
  readonly taskTimeoutMs: number;
  /** Receives what plugins tell; without it nothing is received. */
  readonly onNote?: NoteListener;
  /** 'fail' where not given. */
  readonly onError?: PluginErrorPolicy;
}

/** The slots that a task reads and fills, the frame's pts, and its number from 0, which trial frames do not have. */
export interface LevelTask {
  readonly input: number;
  readonly output: number;
  readonly pts: number;
  readonly frame?: number;
}

/**
 * Loads several ways to process a frame in every worker thread, so that any of them may be chosen for the next frame.
 */
export class LevelHost {
  readonly input: SlotRing;
  readonly output: SlotRing;
  readonly #pool: WorkerPool;

  constructor({ groups, origin, inference, workers, slots, taskTimeoutMs, onNote, onError = 'fail' }: LevelHostOptions) {
    const first = groups[0] as Group;
    this.input = new SlotRing(first.input, slots.input);
    this.output = new SlotRing(first.output, slots.output);
    const specs = groups.map((group) => groupSpec(group, this.input.memory, this.output.memory));
    const opened = new SharedArrayBuffer(4);
    const setup = { groups: specs, models: modelsOfGroups(groups), origin, inference, opened, size: workers, onError };
    this.#pool = new WorkerPool(workers, setup, taskTimeoutMs, onNote);
  }

  get workers(): number {
    return this.#pool.size;
  }

  /**
   * Loads every plugin and model of every level in every worker.
   * @throws the error of the first that cannot be loaded
   */
  async open(): Promise<void> {
    await this.#pool.open();
  }

  /** Milliseconds that the workers took to start: the price of a replacement. */
  get startMs(): number {
    return this.#pool.startMs;
  }

  /**
   * Processes one slot into another at a level. A worker that takes longer than
   * `limitMs` is replaced.
   * @throws SRVID_WORKER_FAILED, SRVID_PLUGIN_FAILED
   */
  async run(level: number, { input, output, pts, frame }: LevelTask, limitMs?: number): Promise<TaskResult> {
    return this.#pool.run({ op: 'process', group: level, inputs: [input], output, pts: [pts], frame }, limitMs);
  }

  /** Tells every plugin that the last frame is through. @throws the first error that one of them throws then */
  async flush(): Promise<void> {
    await this.#pool.flush();
  }

  /** Waits for running tasks, then ends the threads. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
