import { Command } from 'commander';
import { packageVersion } from '../version.js';
import { addBenchOptions, printBench } from './bench.js';
import { addEvalOptions, printEvaluation } from './eval.js';
import { addDoctorOptions, runDoctor } from './examine.js';
import { addLowerOptions, printLowered } from './lower.js';
import { addShelfCommands } from './model-shelf.js';
import { addRelayOptions, type HangUp, runRelay } from './relay.js';
import { runCommand } from './run.js';
import { addRunOptions, requestFrom } from './run-options.js';
import { plain } from './terminal.js';

const EXAMPLES = `
Examples:
  srvid in.mp4 out.mp4                                twice the size, by the default preset
  srvid film.mkv film-1080p.mkv --height 1080         the scale that reaches 1080 lines
  srvid in.mp4 out.mp4 --preset swift --scale 3       a faster network
  srvid in.mp4 out.mp4 --start 1:30 --duration 20     a part, picture and sound alike
  cat in.mkv | srvid - - --format matroska > out.mkv  a stream in, a stream out
  srvid relay film.mp4 --loop                         live, to browsers

srvid help COMMAND has the options of a command; docs/options.md has all of them.`;

/** Builds the command line. Only this folder deals with argv, the terminal and exit codes. */
export function buildProgram(interrupt: AbortSignal, onHangUp: HangUp = () => {}): Command {
  const program = new Command('srvid')
    .description('Super-resolution and clean-up for video on an ordinary CPU.')
    .usage('[options] <input> <output>\n       srvid <command> [options]')
    .version(packageVersion())
    // Options after a subcommand's name belong to the subcommand, even if the main command has one of that name.
    .enablePositionalOptions()
    // What it complains of is repeated in the complaint.
    .configureOutput({ writeErr: (text) => process.stderr.write(plain(text)) })
    .helpCommand('help [command]', 'the options of a command')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  addRunOptions(program).action(async (input: string, output: string, options) => {
    await runCommand({ ...requestFrom(options), input, output }, { ...options, interrupt });
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
  for (const command of [program, ...program.commands, ...models.commands]) command.showHelpAfterError(helpHint(command));
  return program;
}

/** The command that these arguments select. The main command if they name none. */
export function commandOf(program: Command, [name, ...args]: readonly string[]): Command {
  const found = program.commands.find((command) => command.name() === name);
  return found ? commandOf(found, args) : program;
}

/** The sentence that says how to get a command's help. */
export function helpHint(command: Command): string {
  return `Run ${nameOf(command)} --help for the options.`;
}

/** A command's name as it is typed, such as "srvid eval". */
export function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}
