import { describeCause, ERROR_CODES, messageOf, SrvidError } from '../errors.js';
import { endProcess } from '../plugins/threads/end-process.js';
import { placeNow } from '../plugins/threads/place.js';

/** Milliseconds after the signal at which the command is abandoned. */
const LATEST_MS = 1600;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Stops the command on SIGINT, SIGTERM, SIGHUP, a closed output pipe or an uncaught exception. */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #overdue: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #isOverdue = false;
  #uncaught: { readonly error: unknown } | undefined;

  constructor() {
    this.#overdue = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#overdue.catch(() => {});
    for (const name of SIGNALS) process.on(name, this.#stop);
    // The reader of the output has gone, so nobody needs the rest.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => this.#stop('SIGPIPE'));
    // Such an error may come from a plugin's timer. The run should end as after any other error.
    process.on('uncaughtException', (error) => {
      this.#uncaught ??= { error: ofPlugin(error) };
      this.#stop(error);
    });
  }

  /** Gives SIGHUP another meaning from now on: the command reads its files again, as servers do. */
  onHangUp(act: () => void): void {
    process.off('SIGHUP', this.#stop);
    process.on('SIGHUP', act);
  }

  /** Aborted by the first event. The command then ends within a bound, so further events change nothing. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the command, or until it is overdue. @throws the command's error, SRVID_INTERRUPTED, or the uncaught exception */
  async endOf(command: Promise<unknown>): Promise<void> {
    try {
      await Promise.race([command, this.#overdue]);
    } catch (error) {
      throw this.#uncaught ? this.#uncaught.error : error;
    }
    if (this.#uncaught) throw this.#uncaught.error;
  }

  /**
   * Restores the default effect of signals, right before the process exits. A process that was interrupted, or of which
   * part did not stop, ends here: what still runs is not worth waiting for.
   */
  end(code: number): void {
    for (const name of SIGNALS) process.off(name, this.#stop);
    if (this.#isOverdue || code === ERROR_CODES.SRVID_INTERRUPTED.exit) endProcess(code);
  }

  readonly #stop = (reason: unknown) => {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    setTimeout(() => {
      this.#isOverdue = true;
      this.#fail(new SrvidError('SRVID_INTERRUPTED', 'The command was interrupted, and part of it did not stop.', {}, describeCause(reason)));
    }, LATEST_MS).unref();
  };
}

/** An error that no code caught, named by the plugin that left its cause behind. */
function ofPlugin(error: unknown): unknown {
  const place = placeNow();
  if (!place) return error;
  const { plugin, step } = place;
  const message = `Plugin ${plugin} threw in a timer or a promise that it had left behind in ${step}: ${messageOf(error)}.`;
  return new SrvidError('SRVID_PLUGIN_FAILED', message, { plugin, step }, error);
}
