import { parentPort, workerData } from 'node:worker_threads';
import { messageOf, SrvidError } from '../../errors.js';
import type { VerifiedModel } from '../inference/library.js';
import type { LoadedModel } from '../inference/model.js';
import { NativeMark } from '../threads/native-mark.js';
import { keepFromExit } from '../threads/no-exit.js';
import { catchPrints } from '../threads/prints.js';
import type { WorkerGreeting } from '../threads/watched-pool.js';
import type { StopMessage, TaskResult, WorkerReply, WorkerRequest, WorkerSetup } from './protocol.js';
import type { GroupRunner } from './runner.js';
import { Voice } from './voice.js';

/*
 * The worker's side. Nothing here may throw at import or answer twice: the pool has no defence against either. Parts
 * that can fail are loaded at the first task, whose reply carries the error.
 */

const OPEN_PATIENCE_MS = 10_000;
const NOTHING: TaskResult = { stepMs: [], bypassed: false };
const setup = workerData as WorkerSetup;
const voice = new Voice();
const models = new Map<string, LoadedModel>();
let opening: Promise<readonly (GroupRunner | undefined)[]> | undefined;

const exitThread = keepFromExit();

catchPrints((text) => voice.say('print', text), true);
process.on('uncaughtExceptionMonitor', (error) => voice.fault(messageOf(error)));

// The pool would take a plugin's message for the answer to a task, and each later answer for that to another task.
const post = parentPort?.postMessage.bind(parentPort);
if (parentPort) {
  parentPort.postMessage = () => {
    throw new Error('a plugin posted a message to the main thread, which only srvid does');
  };
}

let mark = new NativeMark();
/** Wraps calls into native code, during which this thread must not be ended. */
const inNative = <T>(call: () => Promise<T>) => mark.around(call, () => exitThread(1));

parentPort?.on('message', (request: WorkerRequest | WorkerGreeting) => {
  if ('mark' in request) return greet(request);
  handle(request).then(
    (result) => answer({ id: request.id, ok: true, ...result }),
    (error) => answer({ id: request.id, ok: false, error: recordOf(error) }),
  );
});

function greet({ mark: memory, aside }: WorkerGreeting): void {
  mark = new NativeMark(memory);
  voice.attach(aside);
  aside.on('message', ({ stop }: StopMessage) => voice.stop(stop)).unref();
}

async function handle(request: WorkerRequest): Promise<TaskResult> {
  if (request.op === 'close') return close();
  opening ??= open();
  if (request.op === 'open')
    return opening.then(waitForAll, (error) => {
      countOpened();
      throw error;
    });
  const groups = await opening;
  if (request.op === 'flush') {
    for (const group of groups) await group?.flush();
    return NOTHING;
  }
  const runner = groups[request.group];
  if (!runner) throw new SrvidError('SRVID_WORKER_FAILED', `A worker was given group ${request.group}, which it does not run.`);
  return runner.process(request);
}

async function open(): Promise<readonly (GroupRunner | undefined)[]> {
  const { GroupRunner } = await import('./runner.js');
  await Promise.all(setup.models.map(load));
  return Promise.all(setup.groups.map((group) => group && GroupRunner.open(group, { origin: setup.origin, models, voice, onError: setup.onError })));
}

async function load(model: VerifiedModel): Promise<void> {
  const [{ loadModel }, { modelKey }] = await Promise.all([import('../inference/model.js'), import('../plan/plugin-models.js')]);
  models.set(modelKey(model), await loadModel(model, setup.inference, { inNative }));
}

/** Holds a worker's `open` until every worker has one, so that no worker receives two while another stays unopened. */
function waitForAll(): TaskResult {
  const opened = countOpened();
  const until = performance.now() + OPEN_PATIENCE_MS;
  for (let count = Atomics.load(opened, 0); count < setup.size && performance.now() < until; count = Atomics.load(opened, 0)) {
    Atomics.wait(opened, 0, count, 100);
  }
  return NOTHING;
}

function countOpened(): Int32Array<SharedArrayBuffer> {
  const opened = new Int32Array(setup.opened);
  Atomics.add(opened, 0, 1);
  Atomics.notify(opened, 0);
  return opened;
}

async function close(): Promise<TaskResult> {
  const groups = opening ? await opening.catch(() => []) : [];
  voice.stop('the session ends');
  try {
    for (const group of groups) await group?.close();
  } catch (error) {
    // The run is over, so this cannot fail it.
    voice.say('error', messageOf(error));
  } finally {
    for (const model of models.values()) await model.release();
    models.clear();
  }
  return NOTHING;
}

function answer(reply: WorkerReply): void {
  post?.(reply);
}

function recordOf(error: unknown) {
  const known = error instanceof SrvidError ? error : new SrvidError('SRVID_WORKER_FAILED', `A worker failed: ${messageOf(error)}.`, {}, error);
  return known.toRecord();
}
