import { logText } from '../plugins/notes.js';
import type { PluginLogEntry } from '../report/events.js';
import { ProgressLine } from './progress-line.js';
import { plain } from './terminal.js';

/** Amount of text on standard error. */
export interface MessageFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** A command's messages to people on standard error: text, what plugins log, and a progress line below. */
export class Messages {
  readonly line: ProgressLine;

  constructor(private readonly flags: MessageFlags) {
    const { json, quiet } = flags;
    this.line = new ProgressLine(process.stderr, !json && !quiet && process.stderr.isTTY === true);
  }

  /** Prints a text, unless the user wants none, or JSON. */
  say(text: string): void {
    if (!this.flags.quiet && !this.flags.json) this.complain(text);
  }

  /** Prints a text in any case. */
  complain(text: string): void {
    this.line.clear();
    process.stderr.write(`${plain(text)}\n`);
  }

  /** Prints what a plugin logs: errors only, or everything, as the user wants. */
  readonly log = (entry: PluginLogEntry): void => {
    const { quiet, verbose } = this.flags;
    if (quiet ? entry.level !== 'error' : entry.level === 'debug' && !verbose) return;
    this.complain(logText(entry));
  };
}
