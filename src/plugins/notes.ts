import type { Place } from './threads/place.js';

/** The end of a frame whose plugin failed: the run fails, or the frame passes without that plugin. */
export type PluginErrorPolicy = 'fail' | 'bypass';

/** Severity of a message of a plugin, least severe first. `print` is what it wrote to standard output or standard error itself. */
export type LogLevel = 'debug' | 'print' | 'info' | 'warn' | 'error';

/** A message of a plugin for people, by `context.log`, or printed by the plugin itself. */
export interface PluginLogEntry {
  readonly plugin: string;
  readonly level: LogLevel;
  /** One line or several, without a line break at the end. */
  readonly message: string;
  /** The number of the frame in process, from 0; absent outside `process`. */
  readonly frame?: number | undefined;
}

/** An event of a plugin for its caller, by `context.emit`. */
export interface PluginEmission {
  readonly plugin: string;
  /** The number of the frame in process, from 0, and its pts; absent outside `process`. */
  readonly frame?: number | undefined;
  readonly pts?: number | undefined;
  /** The value that was given, as JSON has it. */
  readonly event: unknown;
}

/** A figure of a plugin over all its threads: a counter's sum, or a gauge's last value. */
export interface PluginMetric {
  readonly plugin: string;
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly value: number;
}

/**
 * Anything that a plugin's thread tells beside its replies. A metric's value is what to add to a counter, or to set a
 * gauge to. A fault is an error that nobody catches, and of which the thread dies.
 */
export type PluginNote =
  | ({ readonly type: 'fault'; readonly message: string } & Place)
  | ({ readonly type: 'log' } & PluginLogEntry)
  | ({ readonly type: 'event' } & PluginEmission)
  | ({ readonly type: 'metric' } & PluginMetric);

/** A receiver of notes. */
export type NoteListener = (note: PluginNote) => void;

/** Adds up the metrics of plugins and passes all other notes on. */
export class PluginMeters {
  readonly #metrics = new Map<string, PluginMetric>();

  constructor(private readonly onNote: NoteListener = printLog) {}

  /** Takes one note. It may be passed as a function. */
  readonly take = (note: PluginNote): void => {
    if (note.type === 'metric') this.#meter(note);
    else this.onNote(note);
  };

  /** All figures so far, in the order in which they first came. */
  list(): readonly PluginMetric[] {
    return [...this.#metrics.values()];
  }

  #meter({ plugin, name, kind, value }: PluginMetric): void {
    const key = `${plugin} ${kind} ${name}`;
    const before = kind === 'counter' ? (this.#metrics.get(key)?.value ?? 0) : 0;
    this.#metrics.set(key, { plugin, name, kind, value: before + value });
  }
}

/** Writes a log entry to standard error, each line with the plugin's name; other notes are left out. */
export function printLog(note: PluginNote): void {
  if (note.type === 'log') process.stderr.write(`${logText(note)}\n`);
}

/** A log entry as text: each line begins with the plugin's name, and the level where it says more than that something was told. */
export function logText({ plugin, level, message }: PluginLogEntry): string {
  const head = level === 'print' || level === 'info' ? `${plugin}: ` : `${plugin}: ${level}: `;
  return message
    .split('\n')
    .map((line) => `${head}${line}`)
    .join('\n');
}
