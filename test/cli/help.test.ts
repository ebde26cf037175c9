import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { optionsPage } from '../../dist/cli/options-page.js';
import { buildProgram } from '../../dist/cli/program.js';
import { SESSION_OPTIONS } from '../../dist/options/table.js';
import { srvid } from '../helpers/command.js';

const program = buildProgram(new AbortController().signal);
const commands = program.commands.map((command) => command.name());
/** The commands below commands, such as "models add". */
const lower = program.commands.flatMap((command) => command.commands.map((one) => `${command.name()} ${one.name()}`));

test('srvid alone prints help, with the options in groups and examples', async () => {
  const { code, stdout, stderr } = await srvid([]);
  const text = stdout.toString();
  expect(code).toBe(2);
  expect(stderr).toBe('');
  const headings = ['Input:', 'Processing:', 'Output:', 'Real time:', 'Speed:', 'Messages:', 'Commands:', 'Examples:'];
  const places = headings.map((heading) => text.indexOf(`\n${heading}\n`));
  expect(places).not.toContain(-1);
  expect([...places].sort((a, b) => a - b)).toEqual(places);
});

test.each([...commands, ...lower])('srvid help %s prints what its --help does', async (name) => {
  const [help, flag] = [await srvid(['help', ...name.split(' ')]), await srvid([...name.split(' '), '--help'])];
  expect([help.code, flag.code]).toEqual([0, 0]);
  expect(help.stdout.toString()).toMatch(new RegExp(`^Usage: srvid ${name} `));
  expect(help.stdout.toString()).toBe(flag.stdout.toString());
});

test('too many arguments of a command below srvid are not taken for files that a shell has found', async () => {
  const { code, stderr } = await srvid(['presets', 'a.mkv', 'b.mkv', 'c.mkv']);
  expect(code).toBe(2);
  expect(stderr).toBe("error: too many arguments for 'presets'. Expected 0 arguments but got 3.\nRun srvid presets --help for the options.\n");
});

test.each([
  [['help', 'models', 'addd'], 'srvid: There is no command "addd". Did you mean "add"? Commands are: add, '],
  [['help', 'eval', 'add'], 'srvid: There is no command "add". srvid eval has no commands below it.'],
])('%j is refused in the words of the command above', async (args, said) => {
  const { code, stderr } = await srvid(args);
  expect(code).toBe(2);
  expect(stderr).toContain(said);
});

describe('an option that is wrong', () => {
  test.each([...commands, ...lower])('of srvid %s: the error names the help of that command', async (name) => {
    const { code, stderr } = await srvid([...name.split(' '), '--no-such-option']);
    expect(code).toBe(2);
    expect(stderr).toBe(`error: unknown option '--no-such-option'\nRun srvid ${name} --help for the options.\n`);
  });

  test.each([
    [['in.mp4'], "missing required argument 'output'"],
    [['in.mp4', 'out.mp4', '--scale', 'two'], "argument 'two' is invalid. Expected a number."],
  ])('of srvid itself: %j', async (args, said) => {
    const { code, stderr } = await srvid(args);
    expect(code).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).toContain('\nRun srvid --help for the options.\n');
  });

  test('found by a schema, it names the help, too, and its flag in JSON', async () => {
    const { code, stderr, events } = await srvid(['in.mp4', 'out.mp4', '--scale', '99', '--json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\[SRVID_OPTION_INVALID\]\nRun srvid --help for the options\.\n$/);
    expect(events).toMatchObject([{ type: 'error', code: 'SRVID_OPTION_INVALID', details: { flags: ['--scale'] } }]);
  });

  test('found on the command line, it is an error in JSON as well', async () => {
    const { code, events } = await srvid(['eval', 'pictures', '--scale', 'two', '--json']);
    expect(code).toBe(2);
    expect(events).toMatchObject([{ v: 1, type: 'error', code: 'SRVID_OPTION_INVALID', message: expect.stringContaining("'two' is invalid") }]);
  });
});

test('every flag of the table of options is an option of the command, under a name of its own', () => {
  const flags = Object.values(SESSION_OPTIONS).flatMap((option) => ('flag' in option ? [option.flag] : []));
  const known = program.options.map((option) => option.flags);
  expect(known).toEqual(expect.arrayContaining(flags));
  expect(new Set(known).size).toBe(known.length);
});

test('docs/options.md is what the table of options says; npm run docs:options writes it', async () => {
  expect(await readFile(new URL('../../docs/options.md', import.meta.url), 'utf8')).toBe(optionsPage());
});
