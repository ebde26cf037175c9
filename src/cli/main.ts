#!/usr/bin/env node
import { type Command, CommanderError } from 'commander';
import { ERROR_CODES, messageOf, SrvidError } from '../errors.js';
import { interruptSignal } from './interrupt.js';
import { buildProgram, commandOf, helpHint } from './program.js';
import { jsonStream } from './run.js';

const USAGE_EXIT = 2;

/** Turns whatever went wrong into a message on stderr and an exit code. */
function exitCodeOf(error: unknown, program: Command, args: readonly string[]): number {
  const command = commandOf(program, args);
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  if (args.includes('--json')) jsonStream(program.args[1]).write(`${JSON.stringify({ v: 1, type: 'error', ...recordOf(error) })}\n`);
  // commander has said it already.
  if (error instanceof CommanderError) return USAGE_EXIT;
  const known = error instanceof SrvidError ? error : undefined;
  const hint = known?.code === 'SRVID_OPTION_INVALID' ? `\n${helpHint(command)}` : '';
  const stack = args.includes('--verbose') && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`srvid: ${messageOf(error)}${known ? ` [${known.code}]` : ''}${hint}${stack}\n`);
  return known ? ERROR_CODES[known.code].exit : 1;
}

function recordOf(error: unknown): object {
  if (error instanceof SrvidError) return error.toRecord();
  const code = error instanceof CommanderError ? 'SRVID_OPTION_INVALID' : 'SRVID_INTERNAL';
  return { code, message: messageOf(error).replace(/^error: /, ''), details: {} };
}

const args = process.argv.slice(2);
const { signal, dispose } = interruptSignal();
const program = buildProgram(signal);
try {
  if (args.length === 0) {
    program.outputHelp();
    process.exitCode = USAGE_EXIT;
  } else {
    await program.parseAsync(process.argv);
  }
} catch (error) {
  process.exitCode = exitCodeOf(error, program, args);
} finally {
  dispose();
}
// Nothing is left to wait for, but the pool's timers of tasks that failed would hold the process for their whole time.
process.exit();
