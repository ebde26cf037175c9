import type { Arrival, Ending } from '../outcome.js';
import type { ServiceTimes } from './service-times.js';

/** A worker hangs where a frame takes this many times what all but few frames stay under. */
const HANG_FACTOR = 2;
/** The longest time that a worker may take in real time. */
const MOST_HANG_MS = 10_000;

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
  /** Workers that died or were replaced since a frame was last finished. */
  #lossesInARow = 0;

  constructor(
    private readonly workers: number,
    private readonly times: ServiceTimes,
    /** Milliseconds that a worker takes to start. */
    private readonly startMs: number,
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

  /** Notes that a worker has finished its frame. */
  end(task: Task): void {
    this.#tasks.delete(task);
    this.#lossesInARow = 0;
  }

  /** Notes that a frame's worker failed. */
  lose(task: Task): void {
    this.#tasks.delete(task);
    this.#lossesInARow++;
  }

  has(task: Task): boolean {
    return this.#tasks.has(task);
  }

  /** Time after which a worker counts as hung, not as slow. */
  hangsAt({ level, startedAt }: Task): number {
    return startedAt + HANG_FACTOR * this.times.bound(level);
  }

  /**
   * Milliseconds after which a worker is replaced. Its hang has then cost as much as the start of another one, so that
   * both together never cost more than twice the least. Each loss in a row doubles that price, since another start has
   * not helped, up to `MOST_HANG_MS`.
   */
  limitFor(level: number): number {
    return Math.min(MOST_HANG_MS, Math.ceil(HANG_FACTOR * this.times.bound(level) + this.startMs * 2 ** this.#lossesInARow));
  }

  /** Time at which each worker is expected to be free; Infinity for one that hangs. */
  freeAt(now: number): readonly number[] {
    const busy = [...this.#tasks].map(({ level, startedAt, abandoned }) =>
      abandoned ? Number.POSITIVE_INFINITY : Math.max(now, startedAt + this.times.expected(level)),
    );
    return [...busy, ...Array<number>(this.workers - busy.length).fill(now)];
  }
}
