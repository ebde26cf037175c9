import { type Command, CommanderError } from 'commander';
import { ERROR_CODES, messageOf, SrvidError } from '../errors.js';
import { commandMeant, commandOf, helpHint } from './program.js';
import { jsonStream } from './run.js';
import { plain, plainJson, plainLine } from './terminal.js';

/** Exit code for wrong usage of a command. */
export const USAGE_EXIT = 2;

/** The shell has put names in the place of a pattern. */
const IN_QUOTES = " To process many files, give their folder, or a pattern in quotes: srvid 'in/*.mkv' out/.";

/** Prints an error on stderr, or as JSON, and returns the exit code for it. */
export function exitCodeOf(error: unknown, program: Command, args: readonly string[]): number {
  const command = commandOf(program, args);
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const known = error instanceof SrvidError ? error : undefined;
  const meant =
    error instanceof CommanderError && error.code === 'commander.excessArguments' && command === program
      ? IN_QUOTES
      : error instanceof CommanderError || known?.code === 'SRVID_INPUT_NOT_FOUND'
        ? commandMeant(program, args)
        : '';
  if (args.includes('--json')) jsonStream(outputOf(program, args)).write(`${plainJson({ v: 1, type: 'error', ...recordOf(error, meant) })}\n`);
  if (error instanceof CommanderError) {
    // commander has printed the error itself already.
    if (meant) process.stderr.write(`${meant.trim()}\n`);
    return USAGE_EXIT;
  }
  const hint = known?.code === 'SRVID_OPTION_INVALID' ? `\n${helpHint(command)}` : '';
  const stack = args.includes('--verbose') && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`srvid: ${plainLine(messageOf(error))}${meant}${known ? ` [${known.code}]` : ''}${hint}${plain(stack)}\n`);
  return known ? ERROR_CODES[known.code].exit : 1;
}

/** The output that the arguments name. Where they could not be parsed, a lone - that is not the first operand is taken for it. */
function outputOf(program: Command, args: readonly string[]): string | undefined {
  if (program.args.length > 0) return program.args[1];
  return args.lastIndexOf('-') > 0 ? '-' : undefined;
}

function recordOf(error: unknown, meant: string): object {
  if (error instanceof SrvidError) return { ...error.toRecord(), message: `${error.message}${meant}` };
  const code = error instanceof CommanderError ? 'SRVID_OPTION_INVALID' : 'SRVID_INTERNAL';
  return { code, message: `${messageOf(error).replace(/^error: /, '')}${meant && `.${meant}`}`, details: {} };
}
