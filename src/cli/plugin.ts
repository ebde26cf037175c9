import { relative } from 'node:path';
import type { Command } from 'commander';
import { SrvidError } from '../errors.js';
import { BUILTIN_PLUGINS } from '../plugins/registry.js';
import { addOptions, type CommandOption, countTo } from './add-options.js';
import { plain, plainJson } from './terminal.js';

const NEW_OPTIONS: readonly CommandOption[] = [{ flag: '--dir <path>', help: 'the folder to write to', fallback: 'one of that name, here' }];

const CHECK_OPTIONS: readonly CommandOption[] = [
  { flag: '--models <path>', help: 'a folder of networks with a manifest.json', fallback: "srvid's own" },
  { flag: '--frame-timeout-ms <n>', help: 'the longest time for one frame', fallback: '5000', parse: countTo(600_000) },
  { flag: '--json', form: 'switch', help: 'as JSON' },
];

interface CheckFlags {
  readonly models?: string;
  readonly frameTimeoutMs?: number;
  readonly json?: boolean;
}

/** Declares `srvid plugin new` and `srvid plugin check`. */
export function addPluginCommands(command: Command, interrupt: AbortSignal): Command {
  command.description('write a plugin of your own, and check it (docs/plugins.md)');
  const make = command.command('new').description('write a package with a plugin in TypeScript, tested and ready for npm');
  make.argument('<name>', 'the name of the package: demo, @me/demo');
  addOptions(make, NEW_OPTIONS).action(makePlugin);
  const check = command.command('check').description('run the conformance suite on a plugin');
  check.argument('<plugin>', 'a path, a package or one of srvid’s own, with options: ./x.js?strength=0.5');
  addOptions(check, CHECK_OPTIONS).action((plugin: string, flags: CheckFlags) => printCheck(plugin, flags, interrupt));
  return command;
}

async function makePlugin(name: string, { dir }: { dir?: string }): Promise<void> {
  const { writePlugin } = await import('../scaffold/new-plugin.js');
  const { folder, files } = await writePlugin(name, dir, BUILTIN_PLUGINS);
  const here = relative(process.cwd(), folder) || '.';
  const lines = [
    `written to ${folder}: ${files.join(', ')}`,
    'Next:',
    `  cd ${here}`,
    '  npm link srvid                     # this srvid, for types and tests; installs TypeScript, too',
    '  npm test',
    '  srvid in.mp4 out.mp4 --plugin .    # add --watch while you work on src/index.ts',
  ];
  process.stdout.write(`${plain(lines.join('\n'))}\n`);
}

/** Runs `srvid plugin check`. Sets exit code 1 where the plugin breaks the contract. */
async function printCheck(plugin: string, { json = false, models, frameTimeoutMs }: CheckFlags, signal: AbortSignal): Promise<void> {
  const { checkPlugin } = await import('../testing/check.js');
  const report = await checkPlugin(plugin, { signal, ...(models !== undefined && { models }), ...(frameTimeoutMs && { frameTimeoutMs }) }).catch((error) => {
    if (signal.aborted) throw new SrvidError('SRVID_INTERRUPTED', 'The check was interrupted.');
    throw error;
  });
  const { text, ...record } = report;
  process.stdout.write(json ? `${plainJson({ v: 1, type: 'plugin-check', ...record })}\n` : `${plain(text)}\n`);
  if (!report.ok) process.exitCode = 1;
}
