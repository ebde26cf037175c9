import { type PluginLogEntry, type PluginNote, printLog } from '../plugins/notes.js';
import type { SessionEvent } from './events.js';

/** The listeners of a run. One that throws fails the run, and not a timer. Its functions may be passed on. */
export class Listeners {
  /**
   * @param hooks the caller's listeners, as far as there are any
   * @param fail ends the run with an error
   */
  constructor(
    private readonly hooks: {
      readonly onEvent?: ((event: SessionEvent) => void) | undefined;
      readonly onLog?: ((entry: PluginLogEntry) => void) | undefined;
    },
    private readonly fail: (error: unknown) => void,
  ) {}

  readonly emit = (event: SessionEvent): void => {
    if (this.hooks.onEvent) this.#tell(this.hooks.onEvent, event);
  };

  readonly warn = (message: string): void => this.emit({ v: 1, type: 'warning', message });

  /** Passes on what a plugin tells. A log entry that nobody listens to goes to standard error. */
  readonly hear = (note: PluginNote): void => {
    if (note.type === 'event') this.emit({ v: 1, ...note, type: 'plugin' });
    else if (note.type === 'log' && this.hooks.onLog) this.#tell(this.hooks.onLog, note);
    else printLog(note);
  };

  #tell<T>(listener: (told: T) => void, told: T): void {
    try {
      listener(told);
    } catch (error) {
      this.fail(error);
    }
  }
}
