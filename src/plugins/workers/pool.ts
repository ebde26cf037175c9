import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeCause, messageOf, SrvidError } from '../../errors.js';
import { PATIENCE_MS } from '../../pipeline/frames/timeout.js';
import type { NoteListener, PluginNote } from '../notes.js';
import { isTimeoutError, WatchedPool } from '../threads/watched-pool.js';
import type { StopMessage, TaskResult, WorkerReply, WorkerRequest, WorkerSetup } from './protocol.js';
import { frameText, TaskWatch } from './task-watch.js';

type RequestBody = WorkerRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id' | 'at'> : never) : never;

/** Far above any frame's time in a network, far below a person's patience after Ctrl-C. */
const CLOSE_GRACE_MS = 500;
/**
 * Limit for JavaScript objects only; frames and networks lie outside. A plugin that leaks memory ends its worker, not
 * the machine.
 */
const WORKER_HEAP_MB = 512;
const WORKER_FILE = fileURLToPath(new URL('./worker.js', import.meta.url));

/**
 * Threads that run groups: a watched pool with three additions.
 * - Never more tasks than free workers, so that the pool's queue, which has no bound and no cancel, stays empty.
 * - A time limit on every task.
 * - `close` settles waiting requests and releases inference sessions before threads end.
 * The pool replaces a worker that dies; the replacement opens itself at its first task. The death of a worker between two
 * tasks fails the next frame: the worker's state is lost, and no earlier frame is left to report it.
 */
export class WorkerPool {
  readonly #pool: WatchedPool<(request: WorkerRequest) => WorkerReply>;
  /** Reasons of worker deaths that no frame has failed with yet. */
  readonly #deaths: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #nextId = 0;
  #closed = false;
  #startMs = PATIENCE_MS;
  readonly #watch: TaskWatch;
  /** Memory by which workers say which step they are at, while no task has it. */
  readonly #places: SharedArrayBuffer[] = [];
  /** Tasks that took too long, and wait for the worker that replaces theirs. */
  readonly #overdue: (() => void)[] = [];

  constructor(
    readonly size: number,
    setup: WorkerSetup,
    private readonly timeoutMs: number,
    onNote: NoteListener = () => {},
  ) {
    this.#free = size;
    const resourceLimits = { maxOldGenerationSizeMb: WORKER_HEAP_MB };
    const warmUp = { request: (): WorkerRequest => ({ op: 'open', id: this.#nextId++ }), limitMs: PATIENCE_MS };
    this.#pool = new WatchedPool<(request: WorkerRequest) => WorkerReply>({ size, task: WORKER_FILE, workerData: setup, resourceLimits }, warmUp);
    this.#watch = new TaskWatch(setup.groups, onNote);
    this.#pool.onDeath = (reason) => {
      this.#deaths.push(this.#watch.explain(reason).text);
      this.#free--;
    };
    this.#pool.onAside = (told) => {
      for (const note of told as readonly PluginNote[]) this.#watch.hear(note);
    };
    this.#pool.onUp = () => {
      this.#giveWorker();
      this.#overdue.shift()?.();
    };
  }

  /** Loads plugins and models in every worker. @throws the first error that a worker reports */
  async open(): Promise<void> {
    const since = performance.now();
    await Promise.all(Array.from({ length: this.size }, () => this.run({ op: 'open' })));
    this.#startMs = performance.now() - since;
  }

  /** Milliseconds that the workers took to start and to load plugins and models: the price of a replacement. */
  get startMs(): number {
    return this.#startMs;
  }

  /**
   * Runs one request on the worker that is free first. A worker that takes longer than `limitMs` is replaced, and the
   * request fails once its replacement is ready for another.
   * @throws SRVID_WORKER_FAILED, or the error that the worker reports
   */
  async run(body: RequestBody, limitMs = this.timeoutMs): Promise<TaskResult> {
    await this.#takeWorker();
    let lost = false;
    const at = this.#places.pop() ?? new SharedArrayBuffer(4);
    try {
      return await this.#exec({ ...body, at, id: this.#nextId++ } as WorkerRequest, limitMs, () => {
        lost = true;
      });
    } finally {
      // A lost worker may still write to its memory.
      if (!lost) this.#places.push(at);
      // The place of a lost worker is free when another has taken it.
      if (!lost) this.#giveWorker();
    }
  }

  /**
   * Tells the plugins in every worker that the last frame is through. A worker that dies then has done all its frames.
   * @throws the first error that a plugin throws then
   */
  async flush(): Promise<void> {
    const one = () =>
      this.run({ op: 'flush' }).catch((error: unknown) => {
        if (!(error instanceof SrvidError && error.code === 'SRVID_WORKER_FAILED') || error.details['late']) throw error;
      });
    // All at once, so that each worker has one: one that has it is not free.
    await Promise.all(Array.from({ length: this.size }, one));
  }

  /**
   * Lets running tasks end and every worker close, then ends the threads. A task that has not ended within the grace
   * period, such as a hanging plugin, is ended with its thread. Waiting requests are refused.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const wake of [...this.#waiting.splice(0), ...this.#overdue.splice(0)]) wake();
    if (this.#free < this.size) this.#pool.tell({ stop: 'the session stops before its end' } satisfies StopMessage);
    const cancel = new AbortController();
    await Promise.race([this.#closeWorkers(), delay(CLOSE_GRACE_MS, undefined, { signal: cancel.signal }).catch(() => {})]);
    cancel.abort();
    await this.#pool.destroy();
  }

  async #closeWorkers(): Promise<void> {
    while (this.#free < this.size) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await Promise.all(Array.from({ length: this.size }, () => this.#exec({ op: 'close', id: this.#nextId++ }).catch(() => {})));
  }

  async #exec(request: WorkerRequest, given = this.timeoutMs, onLoss = () => {}): Promise<TaskResult> {
    const death = request.op === 'process' ? this.#deaths.shift() : undefined;
    if (death !== undefined) throw new SrvidError('SRVID_WORKER_FAILED', `A worker thread died between two tasks: ${death}.`, { op: request.op });
    const limitMs = request.op === 'process' ? Math.min(given, this.timeoutMs) : PATIENCE_MS;
    const end = request.op === 'process' ? this.#watch.begin(request) : () => {};
    let reply: WorkerReply;
    try {
      reply = await this.#pool.createExecutor().setTimeout(limitMs).exec(request);
      this.#pool.heed();
    } catch (error) {
      onLoss();
      const isLate = isTimeoutError(error as Error);
      const failure = this.#failure(request, error, isLate ? limitMs : undefined);
      if (isLate && !this.#closed) await new Promise<void>((resolve) => this.#overdue.push(resolve));
      throw failure;
    } finally {
      end();
    }
    if (reply?.id !== request.id) {
      throw new SrvidError('SRVID_WORKER_FAILED', `A worker thread answered task ${reply?.id} when asked ${request.id}: a plugin posted a message of its own.`);
    }
    if (!reply.ok) throw SrvidError.fromRecord(reply.error);
    return { stepMs: reply.stepMs, bypassed: reply.bypassed };
  }

  /** The error of a task whose worker died, or did not answer within `lateMs`. */
  #failure(request: WorkerRequest, error: unknown, lateMs: number | undefined): SrvidError {
    const at = request.op === 'process' ? this.#watch.at(request) : undefined;
    const { text, place } = lateMs === undefined ? this.#watch.explain(messageOf(error)) : { text: '', place: undefined };
    const what = lateMs === undefined ? `died: ${text}` : `did not answer within ${lateMs} ms`;
    const who = at ? `. Plugin ${at.plugin} was at work${frameText(at)}` : '';
    const { plugin, step, frame } = place ?? { plugin: at?.plugin, step: at && 'process', frame: at?.frame };
    const details = { op: request.op, plugin, step, frame, place: at?.place, late: lateMs !== undefined };
    return new SrvidError('SRVID_WORKER_FAILED', `A worker thread ${what}, at task "${request.op}"${who}.`, details, describeCause(error));
  }

  async #takeWorker(): Promise<void> {
    while (!this.#closed && this.#free <= 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#closed) throw new SrvidError('SRVID_INTERRUPTED', 'The workers were closed before this task could run.');
    this.#free--;
  }

  #giveWorker(): void {
    this.#free++;
    this.#waiting.shift()?.();
  }
}

/**
 * Runs a task again where the worker that had it died, as often as there are workers: what kills one of them may kill
 * each. The task's frames are still in their slots. @throws the last failure
 */
export async function retryDeaths<T>(workers: number, task: () => Promise<T>): Promise<T> {
  for (let retries = workers; ; retries--) {
    try {
      return await task();
    } catch (error) {
      // What took too long once would take too long again.
      if (retries === 0 || !(error instanceof SrvidError) || error.code !== 'SRVID_WORKER_FAILED' || error.details['late']) throw error;
    }
  }
}
