import { Command, CommanderError } from 'commander';
import { ERROR_CODES, messageOf, SrvidError } from '../errors.js';
import { packageVersion } from '../version.js';
import { addBenchOptions, printBench } from './bench.js';
import { addEvalOptions, printEvaluation } from './eval.js';
import { addDoctorOptions, runDoctor } from './examine.js';
import { printModels, printPresets } from './listings.js';
import { addLowerOptions, printLowered } from './lower.js';
import { addRelayOptions, runRelay } from './relay.js';
import { jsonStream, runCommand } from './run.js';
import { addRunOptions, requestFrom } from './run-options.js';

const USAGE_EXIT = 2;

/** Builds the command line. Only this folder knows of argv, the terminal and exit codes. */
export function program(interrupt: AbortSignal): Command {
  const command = new Command('srvid')
    .description('Super-resolution and clean-up for video on an ordinary CPU.')
    .version(packageVersion())
    // What follows a subcommand's name is the subcommand's, even where the main command has an option of that name.
    .enablePositionalOptions()
    .showHelpAfterError('Run srvid --help for the options.')
    .exitOverride();
  addRunOptions(command).action(async (input: string, output: string, options) => {
    await runCommand(requestFrom(input, output, options), { ...options, interrupt });
  });
  addEvalOptions(command.command('eval')).action((input: string, options) => printEvaluation(input, options, interrupt));
  addBenchOptions(command.command('bench')).action((clip: string | undefined, options) => printBench(clip, options, interrupt));
  command.command('models').description('list the installed networks').option('--json', 'as JSON').action(printModels);
  command.command('presets').description('list the presets').option('--json', 'as JSON').action(printPresets);
  addDoctorOptions(command.command('doctor')).action((model: string | undefined, options) => runDoctor(model, options, interrupt));
  addLowerOptions(command.command('lower')).action((input: string, output: string, options) => printLowered(input, output, options, interrupt));
  addRelayOptions(command.command('relay')).action((input: string | undefined, options) => runRelay(input, options, interrupt));
  return command;
}

/** Turns whatever went wrong into a message on stderr and an exit code. */
export function exitCodeOf(error: unknown, argv: readonly string[], output: string | undefined): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_EXIT;
  const known = error instanceof SrvidError ? error : undefined;
  if (argv.includes('--json')) {
    const record = known?.toRecord() ?? { code: 'SRVID_INTERNAL', message: messageOf(error), details: {} };
    jsonStream(output).write(`${JSON.stringify({ v: 1, type: 'error', ...record })}\n`);
  }
  const stack = argv.includes('--verbose') && error instanceof Error ? `\n${error.stack}` : '';
  process.stderr.write(`srvid: ${messageOf(error)}${known ? ` [${known.code}]` : ''}${stack}\n`);
  return known ? ERROR_CODES[known.code].exit : 1;
}
