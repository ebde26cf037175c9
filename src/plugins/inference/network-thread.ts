import { fileURLToPath } from 'node:url';
import { describeCause, messageOf, SrvidError } from '../../errors.js';
import { WatchedPool } from '../threads/watched-pool.js';
import type { ModelTiming, NetworkReply, NetworkRequest, Tensors } from './network-protocol.js';

const WORKER_FILE = fileURLToPath(new URL('./network-worker.js', import.meta.url));

/** Options of a network in a thread of its own. */
export interface NetworkOptions {
  /** Path prefix of a file in which ONNX Runtime records the time of each operator. */
  readonly profile?: string;
  /** Stops a running network, which then fails with SRVID_INTERRUPTED. */
  readonly signal?: AbortSignal | undefined;
}

/** Any ONNX model in a thread of its own. A run blocks its thread, and the main thread must notice Ctrl-C meanwhile. */
export interface NetworkThread {
  /** Runs the network. The results belong to the caller. @throws SRVID_MODEL_INVALID */
  run(inputs: Tensors): Promise<Tensors>;
  /** Runs the network and returns the milliseconds. @throws SRVID_MODEL_INVALID */
  time(inputs: Tensors): Promise<number>;
  /** Ends a profiled session's log. */
  endProfile(): Promise<void>;
  /** Ends the thread. Safe at any time. */
  release(): Promise<void>;
}

/**
 * Starts a thread and loads a model in it. `what` is the model's name in messages.
 * @throws SRVID_MODEL_INVALID, SRVID_INTERRUPTED
 */
export async function openNetworkThread(what: string, bytes: Uint8Array, { profile, signal }: NetworkOptions = {}): Promise<NetworkThread> {
  const thread = new Thread(signal);
  try {
    await thread.ask({ op: 'open', what, bytes, profile });
  } catch (error) {
    await thread.close();
    throw error;
  }
  return {
    run: async (inputs) => (await thread.ask({ op: 'run', inputs })).results ?? {},
    time: async (inputs) => (await thread.ask({ op: 'time', inputs })).ms?.[0] ?? Number.NaN,
    endProfile: async () => {
      await thread.ask({ op: 'end-profile' });
    },
    release: () => thread.close(),
  };
}

/** Times runs of one of srvid's own models; milliseconds of each. @throws SRVID_MODEL_INVALID, SRVID_INTERRUPTED */
export async function timeModelRuns(timing: Omit<ModelTiming, 'op'>, signal?: AbortSignal): Promise<readonly number[]> {
  const thread = new Thread(signal);
  try {
    return (await thread.ask({ op: 'time-model', ...timing })).ms ?? [];
  } finally {
    await thread.close();
  }
}

class Thread {
  readonly #pool = new WatchedPool<(request: NetworkRequest) => NetworkReply>({ size: 1, task: WORKER_FILE });

  constructor(private readonly signal: AbortSignal | undefined) {}

  async ask(request: NetworkRequest): Promise<NetworkReply & { readonly ok: true }> {
    const reply = await this.#orInterrupted(this.#pool.exec(request) as Promise<NetworkReply>);
    if (!reply.ok) throw SrvidError.fromRecord(reply.error);
    return reply;
  }

  /** Releases the network and ends the thread; an interrupted one ends when it leaves native code. */
  async close(): Promise<void> {
    if (!this.signal?.aborted) await this.ask({ op: 'release' }).catch(() => {});
    await this.#pool.destroy();
  }

  async #orInterrupted<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    const told = work.catch((error: unknown) => {
      throw new SrvidError('SRVID_WORKER_FAILED', `A network's thread died: ${messageOf(error)}.`, {}, describeCause(error));
    });
    if (!signal) return told;
    let stop = () => {};
    const stopped = new Promise<never>((_, reject) => {
      stop = () => reject(new SrvidError('SRVID_INTERRUPTED', 'The work on a network was interrupted.', {}, describeCause(signal.reason)));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
    });
    told.catch(() => {}); // The race reports it, unless it is over.
    return Promise.race([told, stopped]).finally(() => signal.removeEventListener('abort', stop));
  }
}
