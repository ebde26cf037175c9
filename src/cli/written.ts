import { plainLine } from './terminal.js';

/** Says on standard error that a command has written a file. Standard output may be the command's JSON. */
export function sayWritten(path: string): void {
  process.stderr.write(`written: ${plainLine(path)}\n`);
}
