import { Command } from 'commander';
import { SrvidError } from '../errors.js';
import { namesSeveral } from '../folders/folder-input.js';
import { didYouMean } from '../similar-name.js';
import { packageVersion } from '../version.js';
import { addBenchOptions, printBench } from './bench.js';
import { addEvalOptions, printEvaluation } from './eval.js';
import { addDoctorOptions, runDoctor } from './examine.js';
import { addJobsCommands } from './jobs.js';
import { addLowerOptions, printLowered } from './lower.js';
import { addShelfCommands } from './model-shelf.js';
import { addPluginCommands } from './plugin.js';
import { addRelayOptions, type HangUp, runRelay } from './relay.js';
import { runCommand } from './run.js';
import { addRunOptions, requestFrom } from './run-options.js';
import { plain } from './terminal.js';
import { addWorkerOptions, runWorker } from './worker.js';

const EXAMPLES = `
Examples:
  srvid in.mp4 out.mp4                                twice the size, by the default preset
  srvid 'series/**/*.mkv' out/                        all these files, each to its place in out
  srvid film.mkv film-1080p.mkv --height 1080         the scale that reaches 1080 lines
  srvid in.mp4 out.mp4 --preset swift --scale 3       a faster network
  srvid in.mp4 out.mp4 --start 1:30 --duration 20     a part, picture and sound alike
  cat in.mkv | srvid - - --format matroska > out.mkv  a stream in, a stream out
  srvid relay film.mp4 --loop                         live, to browsers

srvid help COMMAND has the options of a command; docs/options.md has all of them.`;

/** Builds the command line. Only this folder deals with argv, the terminal and exit codes. */
export function buildProgram(interrupt: AbortSignal, onHangUp: HangUp = () => {}): Command {
  const program = new Command('srvid')
    .description('Super-resolution and denoising for video on an ordinary CPU.')
    .usage('[options] <input> <output>\n       srvid <command> [options]')
    .version(packageVersion())
    // Options after a subcommand's name belong to the subcommand, even if the main command has one of that name.
    .enablePositionalOptions()
    // What it complains of is repeated in the complaint.
    .configureOutput({ writeErr: (text) => process.stderr.write(plain(text)) })
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  addRunOptions(program).action(async (input: string, output: string, options) => {
    const request = { ...requestFrom(options), input, output };
    if (await namesSeveral(input)) await (await import('./folder.js')).runFolderCommand(request, { ...options, interrupt });
    else if (options.exclude ?? options.report) throw folderOptionWithoutFolder(input);
    else if (options.watch) await (await import('./watch.js')).watchRuns(request, { args: process.argv.slice(2), quiet: options.quiet === true, interrupt });
    else await runCommand(request, { ...options, interrupt });
  });
  addEvalOptions(program.command('eval')).action((input: string, options) => printEvaluation(input, options, interrupt));
  addBenchOptions(program.command('bench')).action((clip: string | undefined, options) => printBench(clip, options, interrupt));
  const models = program
    .command('models')
    .description('list the installed networks, and those of your library')
    .option('--json', 'as JSON')
    .action(async (flags) => (await import('./listings.js')).printModels(flags));
  addShelfCommands(models, interrupt);
  program
    .command('plugins')
    .description('list plugins and their options')
    .argument('[plugin...]', "names, paths or packages; srvid's own where not given")
    .option('--json', 'as JSON')
    .action(async (uses: string[], flags) => (await import('./plugin-list.js')).printPlugins(uses, flags));
  program
    .command('presets')
    .description('list the presets')
    .option('--json', 'as JSON')
    .action(async (flags) => (await import('./listings.js')).printPresets(flags));
  addDoctorOptions(program.command('doctor')).action((path: string | undefined, options) => runDoctor(path, options, interrupt));
  addLowerOptions(program.command('lower')).action((input: string, output: string, options) => printLowered(input, output, options, interrupt));
  addRelayOptions(program.command('relay')).action((input: string | undefined, options) => runRelay(input, options, { interrupt, onHangUp }));
  addWorkerOptions(program.command('worker')).action((options) => runWorker(options, interrupt));
  addPluginCommands(program.command('plugin'), interrupt);
  const jobs = program.command('jobs');
  addJobsCommands(jobs);
  program
    .command('help')
    .argument('[command...]')
    .description('the options of a command')
    .action((names: readonly string[]) => helpOn(program, names));
  for (const command of [program, ...commandsBelow(program)]) command.showHelpAfterError(helpHint(command));
  return program;
}

/** A command's subcommands, and theirs. */
function commandsBelow(command: Command): readonly Command[] {
  return command.commands.flatMap((below) => [below, ...commandsBelow(below)]);
}

function folderOptionWithoutFolder(input: string): SrvidError {
  return new SrvidError(
    'SRVID_OPTION_INVALID',
    `--exclude and --report are for many files, but the input ${input} is neither a folder nor a pattern. Leave them out.`,
  );
}

/** The command that these arguments select. The main command if they name none. */
export function commandOf(program: Command, [name, ...args]: readonly string[]): Command {
  const found = program.commands.find((command) => command.name() === name);
  return found ? commandOf(found, args) : program;
}

/** Prints the help of the command of these names: its own, after those of the commands above it. @throws SRVID_OPTION_INVALID where there is none */
function helpOn(command: Command, [name, ...names]: readonly string[]): void {
  const below = command.commands.map((one) => one.name());
  const found = command.commands.find((one) => one.name() === name);
  if (name === undefined) command.outputHelp();
  else if (found) helpOn(found, names);
  else {
    const others = below.length > 0 ? `Commands are: ${below.join(', ')}.` : `${nameOf(command)} has no commands below it.`;
    throw new SrvidError('SRVID_OPTION_INVALID', `There is no command "${name}".${didYouMean(name, below)} ${others}`);
  }
}

/**
 * The sentence for a first operand that was taken for the input and is more like the name of a command, with a space before it.
 * Empty where it is not.
 */
export function commandMeant(program: Command, [first = '']: readonly string[]): string {
  if (!/^[a-z]+$/i.test(first) || program.commands.some((command) => command.name() === first)) return '';
  const meant = didYouMean(
    first,
    program.commands.map((command) => command.name()),
  );
  return meant && ` There is no command "${first}".${meant}`;
}

/** The sentence that says how to get a command's help. */
export function helpHint(command: Command): string {
  return `Run ${nameOf(command)} --help for the options.`;
}

/** A command's name as it is typed, such as "srvid eval". */
export function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}
