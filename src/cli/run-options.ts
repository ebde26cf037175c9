import type { Command } from 'commander';
import type { SessionRequest } from '../options/requests.js';
import { SESSION_OPTIONS, type SessionOption } from '../options/table.js';
import { parsePluginSpec } from '../plugins/registry.js';
import { addOptions, type CommandOption, collect, sessionOptions } from './add-options.js';

/** The parsed options of `srvid`, by attribute name. Each is a session's option or one of the command's own. */
export type RunFlags = Readonly<Record<string, unknown>> & {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly watch?: boolean;
  readonly exclude?: readonly string[];
  readonly report?: string;
  readonly queue?: string;
  readonly share?: string;
  readonly priority?: number;
};

const WATCH: CommandOption = {
  flag: '--watch',
  form: 'switch',
  group: 'Processing',
  help: 'run again whenever a plugin (by its path), the preset’s file or the --model changes, on 5 seconds unless --duration is given',
};

const FOLDER: readonly CommandOption[] = [
  {
    flag: '--exclude <pattern>',
    parse: collect,
    group: 'Input',
    help: 'where the input is a folder or a pattern: leave these files out; the pattern begins in the input’s folder (repeatable)',
  },
  { flag: '--report <file>', group: 'Messages', help: 'where the input is a folder or a pattern: write what became of each file, as JSON' },
];

const QUEUE: readonly CommandOption[] = [
  { flag: '--queue <url>', group: 'Speed', help: 'have the segments of a video made by the workers of this Redis server, redis://host:6379 (docs/scale.md)' },
  { flag: '--share <place>', group: 'Speed', help: 'with --queue: the place of sources and pieces that workers reach, too: a folder, or s3://bucket/prefix' },
  { flag: '--priority <n>', form: 'number', group: 'Speed', help: 'with --queue: videos of a greater number go first', fallback: '0' },
];

const MESSAGES: readonly CommandOption[] = [
  { flag: '--json', form: 'switch', group: 'Messages', help: 'report events as JSON lines on standard output' },
  { flag: '-q, --quiet', form: 'switch', group: 'Messages', help: 'say nothing but errors' },
  { flag: '--verbose', form: 'switch', group: 'Messages', help: 'say how the run is planned; print stacks of errors' },
];

/** Declares `srvid <input> <output> [options]`. */
export function addRunOptions(command: Command): Command {
  command.argument('<input>', SESSION_OPTIONS.input.help).argument('<output>', SESSION_OPTIONS.output.help);
  return addOptions(command, [...sessionOptions(), WATCH, ...QUEUE, ...FOLDER, ...MESSAGES]);
}

/** Converts flags to a session's options. Flags that were not given are left out, so that each default is defined in one place. */
export function requestFrom(flags: Readonly<Record<string, unknown>>): Partial<SessionRequest> {
  const given = Object.entries(SESSION_OPTIONS as Readonly<Record<string, SessionOption>>).flatMap(([name, { flag, form }]) => {
    const value = flag === undefined ? undefined : flags[attributeOf(flag)];
    if (value === undefined) return [];
    return [
      [name, form === 'plugins' ? (value as readonly string[]).map(parsePluginSpec).map(({ use, options }) => ({ use, options: { ...options } })) : value],
    ];
  });
  return Object.fromEntries(given) as Partial<SessionRequest>;
}

/** commander's name for a flag: "-y, --yes" is "yes", "--budget-ms <n>" is "budgetMs". */
export function attributeOf(flag: string): string {
  const name = /--([a-z-]+)/.exec(flag)?.[1] ?? '';
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
