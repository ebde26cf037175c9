import { SrvidError } from '../../../errors.js';
import type { Arrival, Ending, Outcome, Reason } from '../outcome.js';
import { chooseLevel } from './choose-level.js';
import type { DispatcherOptions } from './dispatcher-options.js';
import { EncoderPace } from './encoder-pace.js';
import { type Entry, InFlight, type Task } from './in-flight.js';
import type { Backlog } from './level-controller.js';

/** Worker failures in a row, for each worker, after which the run gives up. A finished frame ends a row. */
const PATIENCE_WITH_WORKERS = 3;

/**
 * Decides what becomes of each frame of a real-time session: which frames wait, at which level they are processed,
 * which are bypassed or dropped. Every frame that is submitted ends exactly once, and nothing waits for a frame that
 * does not: a frame in flight is given up when a finished one behind it would become late. Its slots stay the worker's
 * until the worker answers.
 */
export class Dispatcher {
  /** The queue: frames that no worker has yet, in order of sequence. */
  readonly #waiting: Entry[] = [];
  /** Frames without an ending, and frames behind them that wait for their turn; in order. */
  readonly #unfinished: Entry[] = [];
  /** Frames that workers have, including those given up. */
  readonly #inFlight: InFlight;
  #followers = 0;
  #latest: Entry | undefined;
  /** The result of `latest`, kept for a duplicate of it. A reference is held to its slot. */
  #kept: number | undefined;
  #intervalMs: number;
  readonly #encoder: EncoderPace;
  #failuresInARow = 0;
  #cancelTimer: (() => void) | undefined;
  #placeFreed: (() => void) | undefined;
  #closed = false;

  constructor(private readonly options: DispatcherOptions) {
    this.#intervalMs = options.intervalMs;
    this.#encoder = new EncoderPace(options.budgetMs);
    this.#inFlight = new InFlight(options.workers, options.controller.times, options.startMs);
  }

  /** Frames that wait for a worker. */
  get queueLength(): number {
    return this.#waiting.length;
  }

  /** Waits until the next frame may be read: until the queue has a place, where the policy holds the source. */
  async ready(): Promise<void> {
    while (this.options.policy.holdsSource && !this.#closed && this.queueLength + this.#followers >= this.options.queueCapacity) {
      await new Promise<void>((resolve) => {
        this.#placeFreed = resolve;
      });
    }
  }

  /**
   * Takes a frame over; resolves when its outcome is certain.
   * @throws the error of a plugin; SRVID_WORKER_FAILED when workers fail again and again
   */
  submit(arrival: Arrival): Promise<Ending> {
    return new Promise((settle, fail) => {
      const entry: Entry = { arrival, settle, fail, workerFailed: false };
      const before = this.#latest;
      const [kept, endingBefore] = [this.#kept, before?.ending];
      if (before) this.#intervalMs += (arrival.arrivedAt - before.arrival.arrivedAt - this.#intervalMs) / 8;
      this.#latest = entry;
      this.#kept = undefined;
      this.#unfinished.push(entry);
      if (arrival.duplicate && kept !== undefined && endingBefore) this.#reuse(entry, endingBefore);
      else if (arrival.duplicate && before && !endingBefore && this.#hasPlace()) {
        before.follower = entry;
        this.#followers++;
      } else this.#admit(entry);
      if (kept !== undefined) this.options.output.release(kept);
      this.#pump();
    });
  }

  /** Notes that the encoder took `tookMs` for the frame of this ending, and frees the frame's slot. */
  handedOver({ slot }: Ending, tookMs: number): void {
    if (slot !== undefined) {
      this.#encoder.took(tookMs);
      this.options.output.release(slot);
    }
    this.#pump();
  }

  /** Ends all waiting for a place and for times. Submitted frames are not settled any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#placeFreed?.();
    if (this.#kept !== undefined) this.options.output.release(this.#kept);
    this.#kept = undefined;
  }

  #hasPlace(): boolean {
    return this.queueLength + this.#followers < this.options.queueCapacity;
  }

  #admit(entry: Entry): void {
    const { policy, controller } = this.options;
    const admission = policy.admit({
      full: !this.#hasPlace(),
      idle: this.#idle(),
      inTime: () => controller.meets(controller.cheapest, this.#backlog([...this.#waiting, entry])),
    });
    if (admission === 'refuse') {
      this.#drop(entry, 'overload');
      return;
    }
    const behind = this.#waiting.findIndex((other) => other.arrival.sequence > entry.arrival.sequence);
    this.#waiting.splice(behind < 0 ? this.queueLength : behind, 0, entry);
    if (admission === 'displace-oldest') this.#drop(this.#waiting.shift() as Entry, 'overload');
  }

  /** Gives waiting frames to free workers, drops those whose time has passed, and sets the timer for the next call. */
  #pump(): void {
    if (this.#closed) return;
    const { clock, output, policy, controller } = this.options;
    while (policy.givesUp && this.queueLength > 0 && this.#due(this.#waiting[0] as Entry) <= clock.now() && !this.#idle(1)) {
      if (this.#encoder.lags) controller.relieve(this.#backlog([]));
      this.#drop(this.#waiting.shift() as Entry, 'late');
    }
    while (this.queueLength > 0 && !this.#inFlight.full && output.inUse < output.slots) {
      const entry = this.#waiting[0] as Entry;
      const level = chooseLevel(this.options, this.#backlog(this.#waiting), this.#due(entry), this.#idle(1));
      this.#waiting.shift();
      if (level === undefined) this.#drop(entry, 'late');
      else this.#start(entry, level);
    }
    this.#giveUp();
    if (this.#hasPlace()) {
      this.#placeFreed?.();
      this.#placeFreed = undefined;
    }
    this.#setTimer();
  }

  #start(entry: Entry, level: number): void {
    const { clock, output, controller, run } = this.options;
    const { slot, pts, sequence } = entry.arrival;
    const into = output.take();
    const task = this.#inFlight.begin(level, clock.now());
    entry.task = task;
    run(level, { input: slot, output: into, pts, frame: sequence }, this.#inFlight.limitFor(level)).then(
      ({ bypassed }) => {
        this.#inFlight.end(task);
        this.#failuresInARow = 0;
        controller.times.observe(level, clock.now() - task.startedAt);
        if (entry.ending) this.#abandoned(entry, into);
        else if (bypassed) this.#end(entry, 'bypassed', { level, slot: into, reason: 'plugin' });
        else this.#end(entry, level === controller.times.levels - 1 ? 'bypassed' : 'sr', { level, slot: into });
        this.#pump();
      },
      (error) => {
        this.#inFlight.lose(task);
        if (entry.ending) this.#abandoned(entry, into);
        else {
          output.release(into);
          this.#failed(entry, error);
        }
        this.#pump();
      },
    );
  }

  /** Queues a frame whose worker failed again, once, before those that came after it. */
  #failed(entry: Entry, error: unknown): void {
    const isWorkers = error instanceof SrvidError && error.code === 'SRVID_WORKER_FAILED';
    if (!isWorkers || ++this.#failuresInARow > PATIENCE_WITH_WORKERS * this.options.workers) entry.fail(error);
    else if (entry.workerFailed) this.#drop(entry, 'late');
    else {
      entry.workerFailed = true;
      delete entry.task;
      this.#admit(entry);
    }
  }

  /** Gives a frame in flight up when a finished one behind it would become late, or when its worker hangs. */
  #giveUp(): void {
    const head = this.#unfinished[0];
    if (!head?.task || !this.options.policy.givesUp || this.options.clock.now() < this.#patienceWith(head, head.task)) return;
    const slow = !head.workerFailed && this.options.clock.now() < this.#inFlight.hangsAt(head.task);
    this.#end(head, 'dropped', { reason: slow ? 'late' : 'worker' });
    this.#giveUp();
  }

  /** Time until which the frames behind wait for the one at the head, which a worker has. */
  #patienceWith(head: Entry, task: Task): number {
    const finished = this.#unfinished.find((entry) => entry.ending?.slot !== undefined);
    const { deadline } = head.arrival;
    const own = Math.max(deadline + this.options.budgetMs, this.#inFlight.hangsAt(task));
    return Math.max(deadline, Math.min(own, finished ? this.#due(finished) : Number.POSITIVE_INFINITY));
  }

  #abandoned(entry: Entry, into: number): void {
    this.options.output.release(into);
    this.options.input.release(entry.arrival.slot);
  }

  #drop(entry: Entry, reason: Reason): void {
    this.#end(entry, 'dropped', { reason: this.#reasonOf(entry, reason) });
  }

  #reuse(entry: Entry, { slot, level }: Ending): void {
    this.options.output.retain(slot as number);
    this.#end(entry, 'reused', { level, slot });
  }

  /** Ends a frame. No other place does. */
  #end(entry: Entry, outcome: Outcome, { level, slot, reason }: { level?: number | undefined; slot?: number | undefined; reason?: Reason }): void {
    const { input, output, clock, controller } = this.options;
    const ending: Ending = {
      arrival: entry.arrival,
      outcome,
      // A frame that was asked to be bypassed lacked nothing.
      reason: reason ?? (outcome === 'bypassed' && controller.pinned !== level ? this.#reasonOf(entry, 'late') : undefined),
      level,
      slot,
      startedAt: entry.task?.startedAt,
      endedAt: clock.now(),
    };
    entry.ending = ending;
    if (slot !== undefined) this.#encoder.finished();
    if (entry.task && this.#inFlight.has(entry.task)) entry.task.abandoned = true;
    else input.release(entry.arrival.slot);
    const reusable = outcome === 'sr' || outcome === 'reused';
    if (reusable && entry === this.#latest) {
      this.#kept = slot;
      output.retain(slot as number);
    }
    while (this.#unfinished[0]?.ending) this.#unfinished.shift();
    entry.settle(ending);
    const { follower } = entry;
    if (!follower) return;
    delete entry.follower;
    this.#followers--;
    if (reusable) this.#reuse(follower, ending);
    else this.#admit(follower);
  }

  #reasonOf(entry: Entry, otherwise: Reason): Reason {
    if (entry.workerFailed) return 'worker';
    return this.#encoder.lags || this.options.output.inUse >= this.options.output.slots ? 'encoder' : otherwise;
  }

  /** Time by which a frame's result must be ready for the encoder to have it in time. */
  #due(entry: Entry): number {
    return this.#encoder.due(entry.arrival.deadline, this.options.clock.now());
  }

  /** True where nothing is in flight, or waits for the encoder, and no more than `waiting` frames wait. */
  #idle(waiting = 0): boolean {
    return this.#inFlight.count === 0 && this.queueLength <= waiting && !this.#encoder.lags;
  }

  #backlog(waiting: readonly Entry[]): Backlog {
    const now = this.options.clock.now();
    return {
      now,
      freeAt: this.#inFlight.freeAt(now),
      due: waiting.map((entry) => this.#due(entry)),
      intervalMs: this.#intervalMs,
      encoderMs: this.#encoder.frameMs,
    };
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (!this.options.policy.givesUp) return;
    const [first, head] = [this.#waiting[0], this.#unfinished[0]];
    const next = Math.min(
      first && !this.#idle(1) ? this.#due(first) : Number.POSITIVE_INFINITY,
      head?.task ? this.#patienceWith(head, head.task) : Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(next)) this.#cancelTimer = this.options.clock.at(next, () => this.#pump());
  }
}
