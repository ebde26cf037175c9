import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import type { PluginContext } from '../contract.js';
import type { LogLevel, PluginNote } from '../notes.js';
import { type Place, placeNow } from '../threads/place.js';

/** The parts of a plugin's context by which it speaks and hears. */
export type Speaking = Pick<PluginContext<unknown>, 'log' | 'emit' | 'signal' | 'metrics'>;

/** The longest event, as JSON, and the most that one frame may have of events and figures. */
const MAX_EVENT_CHARACTERS = 1 << 16;
const MAX_NOTES = 1000;
/** The most that one thread may log and print in a second, and the longest text: a loop that prints would fill the main thread's memory. */
const MAX_TEXTS = 1000;
const MAX_TEXT_CHARACTERS = 1 << 12;
const METRIC_NAME = /^[A-Za-z]\w{0,63}$/;

/** One frame's task in a thread: notes of its plugins are kept until it is done, so that a frame done twice is told once. */
export interface TaskNotes {
  /** False for a trial frame, of which nothing is told. */
  readonly told: boolean;
  /** Undefined once the task has ended. */
  kept: PluginNote[] | undefined;
}

/** A call into a plugin, with the task that it belongs to. */
export interface TaskPlace extends Place {
  readonly task?: TaskNotes | undefined;
}

/** All that the plugins of one thread tell, on its way to the main thread. */
export class Voice {
  #port: MessagePort | undefined;
  readonly #stop = new AbortController();
  #second = 0;
  #texts = 0;

  /** Speaks through this port from now on, which belongs to the voice. */
  attach(port: MessagePort): void {
    this.#port = port;
  }

  /** Begins a task. `told` is false for a trial frame. */
  begin(told: boolean): TaskNotes {
    return { told, kept: [] };
  }

  /** Ends a task. Its notes are sent where it is `done`, and dropped where it failed. */
  end(task: TaskNotes, done: boolean): void {
    if (done && task.told && task.kept && task.kept.length > 0) this.#port?.postMessage(task.kept);
    task.kept = undefined;
  }

  /** Tells plugins by their signal that the session stops. */
  stop(reason: string): void {
    if (!this.#stop.signal.aborted) this.#stop.abort(new Error(reason));
  }

  /** A text that a plugin logged or printed; it is sent at once. */
  say(level: LogLevel, text: string, place = placeNow() as TaskPlace | undefined, plugin = place?.plugin ?? 'a plugin'): void {
    if (place?.task?.told === false) return;
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) [this.#second, this.#texts] = [second, 0];
    if (++this.#texts > MAX_TEXTS) return;
    const last = this.#texts === MAX_TEXTS ? '\nMore than that in one second is left out.' : '';
    const message = `${text.slice(0, MAX_TEXT_CHARACTERS).replace(/\n$/, '')}${last}`;
    this.#port?.postMessage([{ type: 'log', plugin, level, message, frame: place?.frame }] satisfies PluginNote[]);
  }

  /** An error that nobody catches, and of which this thread is about to die. */
  fault(message: string): void {
    const place = placeNow();
    if (place)
      this.#port?.postMessage([{ type: 'fault', message, plugin: place.plugin, step: place.step, frame: place.frame, pts: place.pts }] satisfies PluginNote[]);
  }

  /** The voice of one plugin. */
  of(plugin: string): Speaking {
    const log = (level: LogLevel) => (message: string) => this.say(level, String(message), placeNow(), plugin);
    const metric = (kind: 'counter' | 'gauge', name: string, value: number) => {
      if (!METRIC_NAME.test(name)) throw new TypeError(`the name of a metric is a letter and then letters, digits and _, and not ${JSON.stringify(name)}`);
      if (!Number.isFinite(value)) throw new TypeError(`metric ${name} was given ${value}, which is not a finite number`);
      this.#note({ type: 'metric', plugin, kind, name, value });
    };
    return {
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
      emit: (event) => {
        const { frame, pts } = placeNow() ?? {};
        this.#note({ type: 'event', plugin, frame, pts, event: asJson(event) });
      },
      signal: this.#stop.signal,
      metrics: { count: (name, by = 1) => metric('counter', name, by), gauge: (name, value) => metric('gauge', name, value) },
    };
  }

  #note(note: PluginNote): void {
    const { task } = (placeNow() ?? {}) as Partial<TaskPlace>;
    if (task?.kept === undefined) this.#port?.postMessage([note]);
    else if (task.kept.push(note) > MAX_NOTES) throw new TypeError(`one frame has more than ${MAX_NOTES} events and figures`);
  }
}

/** A value as JSON would give it back. @throws TypeError */
function asJson(value: unknown): unknown {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`an event cannot be told as JSON: ${messageOf(error)}`);
  }
  if (text === undefined) throw new TypeError(`an event cannot be told as JSON: it is ${typeof value}`);
  if (text.length > MAX_EVENT_CHARACTERS) throw new TypeError(`an event has ${text.length} characters as JSON; ${MAX_EVENT_CHARACTERS} are the most`);
  return JSON.parse(text);
}
