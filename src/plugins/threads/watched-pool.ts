import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { isTimeoutError, StaticPool } from 'node-worker-threads-pool';
import { messageOf } from '../../errors.js';
import { endProcess } from './end-process.js';
import { NativeMark } from './native-mark.js';
import { switchOffTelemetry } from './telemetry.js';

/** Time for which the end of the process waits for threads that are inside native code. */
const EXIT_PATIENCE_MS = 1000;

/** A worker of the pool; `ready` says that it has no task. */
type PoolWorker = Worker & { ready: boolean };

/** The parts of a pool's worker that its type hides. */
interface Startable {
  readyToWork(): void;
  run(request: unknown, limits: { readonly timeout: number }): Promise<unknown>;
}

/** The first message to a worker, which has no reply. */
export interface WorkerGreeting {
  /** The memory of its `NativeMark`. */
  readonly mark: SharedArrayBuffer;
  /** Whatever the worker tells beside its replies goes here, and whatever it is told beside tasks comes from here. */
  readonly aside: MessagePort;
}

/** A first task, which makes a replacement ready for others, and its limit in milliseconds. */
export interface WarmUp<Request> {
  readonly request: () => Request;
  readonly limitMs: number;
}

export { isTimeoutError };

/**
 * A pool of node-worker-threads-pool whose threads are watched at all times, and not during tasks alone.
 * - A worker that dies between two tasks is reported to `onDeath` and replaced; it would end the process otherwise.
 * - A worker whose thread ends without an error fails its task at once, and is replaced for any exit code.
 * - A worker inside native code is never ended there: it is replaced, and ends itself when it comes out. A process that
 *   ends meanwhile waits for it a little.
 * - Beside its replies a worker may tell things at any time: they come to `onAside`, before any later reply of it.
 * - A replacement is warmed up before it takes tasks, and `onUp` tells when it may have some. Where that fails, the next
 *   replacement takes tasks cold, so that one of them shows the reason.
 */
// biome-ignore lint/suspicious/noExplicitAny: as node-worker-threads-pool has it; a stricter bound refuses every function.
export class WatchedPool<Task extends (request: any) => unknown> extends StaticPool<Task> {
  /** Called with the reason when an idle worker dies; the user of the pool decides which task pays for it. */
  onDeath: (reason: string) => void = () => {};
  /** Called once for each worker that was lost, when another one has taken its place. */
  onUp: () => void = () => {};
  /** Called with each thing that a worker tells beside its replies. */
  onAside: (told: unknown) => void = () => {};
  /** The near ends of the workers' ports. `fill` makes them, as it does `marks`. */
  declare private asides: Set<MessagePort>;
  /** Marks of all threads that have not ended. `fill` makes them, which the superclass's constructor calls. */
  declare private marks: Set<NativeMark>;
  private closed = false;
  private coldNext = false;
  /** True once the first workers are there: those made later are replacements. */
  private filled = false;
  private readonly atExit = (code: number) => this.endWorkers(code);

  constructor(
    options: ConstructorParameters<typeof StaticPool<Task>>[0],
    private readonly warmUp?: WarmUp<Parameters<Task>[0]>,
  ) {
    super(options);
    this.filled = true;
    process.setMaxListeners(process.getMaxListeners() + 1).on('exit', this.atExit);
  }

  protected override fill(make: () => PoolWorker): void {
    this.marks = new Set();
    this.asides = new Set();
    // Here and not in the threads, which have copies of the environment that the library does not see.
    switchOffTelemetry();
    super.fill((() => this.watch(make())) as never);
  }

  /** Ends all threads except those inside native code, which end themselves. */
  override async destroy(): Promise<void> {
    this.closed = true;
    await super.destroy();
    this.letGo();
  }

  /** Takes everything that workers have told so far. Their ports are read at any time, but without order against replies. */
  heed(): void {
    for (const port of this.asides) for (let told = receiveMessageOnPort(port); told; told = receiveMessageOnPort(port)) this.onAside(told.message);
  }

  /** Tells every worker something beside its tasks. */
  tell(message: unknown): void {
    for (const port of this.asides) port.postMessage(message);
  }

  private watch(worker: PoolWorker): PoolWorker {
    const mark = new NativeMark();
    this.marks.add(mark);
    const { port1: near, port2: aside } = new MessageChannel();
    this.asides.add(near);
    near.on('message', (told: unknown) => this.onAside(told)).unref();
    worker.postMessage({ mark: mark.memory, aside } satisfies WorkerGreeting, [aside]);
    if (this.filled && this.warmUp) this.bringUp(worker, this.warmUp);
    let heeded = true;
    /** The pool takes it for gone, but its thread is still inside native code. */
    let lingers = false;
    const gone = () => {
      this.marks.delete(mark);
      this.letGo();
    };
    // A task listens, too, for as long as it runs.
    const hasTask = () => worker.listenerCount('error') > 1;
    worker.on('error', (error: unknown) => {
      this.heed();
      const idle = !hasTask();
      worker.ready = false;
      if (heeded && idle) this.onDeath(messageOf(error));
      heeded = false;
    });
    worker.once('exit', (code) => {
      this.heed();
      near.close();
      this.asides.delete(near);
      if (!lingers) gone();
      if (heeded) worker.emit('error', new Error(`its thread ended with code ${code}`));
      if (code === 0) worker.emit('exit', 1); // The pool replaces only workers that end with an error.
    });
    const terminate = worker.terminate.bind(worker);
    worker.terminate = async () => {
      heeded = false;
      worker.ready = false;
      if (hasTask()) worker.emit('error', new Error('it was ended'));
      if (mark.askToEnd()) return terminate();
      worker.unref();
      lingers = true;
      worker.emit('exit', 1); // For the pool, which replaces it; the thread itself ends later.
      worker.once('exit', gone);
      return 1;
    };
    return worker;
  }

  private bringUp(worker: PoolWorker, { request, limitMs }: WarmUp<Parameters<Task>[0]>): void {
    if (this.coldNext) {
      this.coldNext = false;
      worker.once('online', () => this.onUp());
      return;
    }
    const starting = worker as unknown as Startable;
    const becomeReady = starting.readyToWork.bind(worker);
    // The pool calls it when the thread runs, and again after each task.
    starting.readyToWork = () => {
      starting.readyToWork = becomeReady;
      starting.run(request(), { timeout: limitMs }).then(
        () => this.onUp(),
        (error: Error) => {
          this.coldNext = true;
          if (isTimeoutError(error)) void worker.terminate();
        },
      );
    };
  }

  /** Handles the end of the process, which ends threads even inside native code. */
  private endWorkers(code: number): void {
    const until = performance.now() + EXIT_PATIENCE_MS;
    const inside = [...this.marks].filter((mark) => !mark.askToEnd());
    if (inside.some((mark) => !mark.waitOutside(until - performance.now()))) endProcess(code);
  }

  private letGo(): void {
    if (!this.closed || this.marks.size > 0) return;
    if (process.listeners('exit').includes(this.atExit)) process.off('exit', this.atExit).setMaxListeners(process.getMaxListeners() - 1);
  }
}
