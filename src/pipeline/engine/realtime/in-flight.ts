import type { Arrival, Ending } from '../outcome.js';
import type { ServiceTimes } from './service-times.js';

/** A worker's task: one frame at one level. */
export interface Task {
  readonly level: number;
  readonly startedAt: number;
  /** The frame has been given up; nobody waits for the result. */
  abandoned: boolean;
}

/** A frame between its arrival and its end. */
export interface Entry {
  readonly arrival: Arrival;
  readonly settle: (ending: Ending) => void;
  readonly fail: (error: unknown) => void;
  ending?: Ending;
  task?: Task;
  /** The next frame, where it equals this one and waits for its result. */
  follower?: Entry;
  workerFailed: boolean;
}

/** The frames that workers have. */
export class InFlight {
  readonly #tasks = new Set<Task>();

  constructor(
    private readonly workers: number,
    private readonly times: ServiceTimes,
  ) {}

  get count(): number {
    return this.#tasks.size;
  }

  get full(): boolean {
    return this.#tasks.size >= this.workers;
  }

  begin(level: number, startedAt: number): Task {
    const task = { level, startedAt, abandoned: false };
    this.#tasks.add(task);
    return task;
  }

  end(task: Task): void {
    this.#tasks.delete(task);
  }

  has(task: Task): boolean {
    return this.#tasks.has(task);
  }

  /** Time after which a worker counts as hung, not as slow. */
  hangsAt({ level, startedAt }: Task): number {
    return startedAt + 2 * this.times.bound(level);
  }

  /** Time at which each worker is expected to be free; Infinity for one that hangs. */
  freeAt(now: number): readonly number[] {
    const busy = [...this.#tasks].map(({ level, startedAt, abandoned }) =>
      abandoned ? Number.POSITIVE_INFINITY : Math.max(now, startedAt + this.times.expected(level)),
    );
    return [...busy, ...Array<number>(this.workers - busy.length).fill(now)];
  }
}
