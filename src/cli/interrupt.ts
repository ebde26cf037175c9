import { describeCause, ERROR_CODES, SrvidError } from '../errors.js';
import { endProcess } from '../plugins/threads/end-process.js';

/** From the signal to the last moment at which everything should have ended. */
const LATEST_MS = 1200;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What stops the command from outside: Ctrl-C, a polite kill, a reader that went away, an error that nobody caught. */
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
    // Whoever read along has gone; nobody wants the rest.
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => this.#stop('SIGPIPE'));
    // From a plugin's timer; the run is to end as from any other error.
    process.on('uncaughtException', (error) => {
      this.#uncaught ??= { error };
      this.#stop(error);
    });
  }

  /** Aborted by the first of them. Everything ends by it within a bound, which later ones need not shorten. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for the command, but not much longer than the signal allows. @throws what the command throws, SRVID_INTERRUPTED, or what nobody caught */
  async endOf(command: Promise<unknown>): Promise<void> {
    try {
      await Promise.race([command, this.#overdue]);
    } catch (error) {
      throw this.#uncaught ? this.#uncaught.error : error;
    }
    if (this.#uncaught) throw this.#uncaught.error;
  }

  /**
   * To be called right before the end of this process. Signals mean again what they mean to any process. One that was
   * interrupted, or where something is overdue, ends here: what still works is not worth waiting for.
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
