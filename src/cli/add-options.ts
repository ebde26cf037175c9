import { type Command, InvalidArgumentError, Option } from 'commander';
import { messageOf } from '../errors.js';
import { negatedFlag, OPTION_GROUPS, SESSION_OPTIONS, type SessionOption, type SessionOptionName, type TextForm } from '../options/table.js';
import { parseTime } from '../pipeline/frames/time.js';

/** An option of a command. Either a session's option in the command's own words, or one that only the command has. */
export interface CommandOption {
  readonly flag: string;
  /** Form of the text, which selects the parser. `parse` replaces it. */
  readonly form?: SessionOption['form'];
  readonly help: string;
  /** The default, in words. Undefined if there is none, or if the command's default differs from the session's. */
  readonly fallback?: string | undefined;
  /** Heading in the help. Undefined puts the option under "Options". */
  readonly group?: SessionOption['group'];
  /** Parses the text, if none of the forms fits. */
  readonly parse?: (text: string, previous: unknown) => unknown;
  /** The value if the option is not given. */
  readonly value?: unknown;
}

/** Adds options to a command. Its help shows their defaults. */
export function addOptions(command: Command, options: readonly CommandOption[]): Command {
  for (const { flag, form, group, help, fallback, parse, value } of options) {
    const option = new Option(flag, fallback === undefined || value !== undefined ? help : withFallback(help, fallback));
    const read = parse ?? (form && PARSERS[form]);
    if (read) option.argParser((text: string, previous: unknown) => read(text, previous, option.long ?? flag));
    if (value !== undefined) option.default(value, fallback);
    if (group) option.helpGroup(`${group}:`);
    command.addOption(option);
  }
  return command;
}

/** A session's option for another command. `change` holds the differences. */
export function sessionOption(name: SessionOptionName, change: Partial<CommandOption> = {}): CommandOption {
  const { flag = '', form, help, fallback }: SessionOption = SESSION_OPTIONS[name];
  const own = { flag, help, ...(form ? { form } : {}), ...(fallback === undefined ? {} : { fallback }) };
  return { ...own, ...change };
}

/** The session's options that have a flag, group by group. */
export function sessionOptions(): readonly CommandOption[] {
  const entries = Object.entries(SESSION_OPTIONS) as [SessionOptionName, SessionOption][];
  const having = entries.filter(([, { flag }]) => flag !== undefined);
  const forms = ([name, { flag = '', group, negated }]: [SessionOptionName, SessionOption]) => [
    sessionOption(name, { group }),
    ...(negated === undefined ? [] : [{ flag: negatedFlag(flag), form: 'switch', group, help: negated } as const]),
  ];
  return OPTION_GROUPS.flatMap((group) => having.filter(([, option]) => option.group === group).flatMap(forms));
}

/** Makes a parser for an option that accepts a few numbers only. */
export function oneOf<const T extends number>(...allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => String(value) === text);
    if (found === undefined) throw new InvalidArgumentError(`Expected ${allowed.join(' or ')}.`);
    return found;
  };
}

/** Parses a finite number. @throws InvalidArgumentError */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

/** Makes a parser for a whole number from 1 to `most`. */
export function countTo(most: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!Number.isInteger(value) || value < 1 || value > most) throw new InvalidArgumentError(`Expected a whole number from 1 to ${most}.`);
    return value;
  };
}

/** Makes a parser of a repeatable option whose values are scales: numbers above 0, 16 at most. */
export function scales(text: string, previous: unknown): readonly number[] {
  const value = number(text);
  if (value <= 0 || value > 16) throw new InvalidArgumentError('Expected a number above 0, 16 at most.');
  return [...((previous as readonly number[]) ?? []), value];
}

type Parser = (text: string, previous: unknown, option: string) => unknown;

/** The parser of each form. Plugins stay text here, so that errors in them get the codes of plugins. */
const PARSERS: Readonly<Record<TextForm, Parser | undefined>> = {
  switch: undefined,
  text: undefined,
  number,
  size,
  time,
  list: (text) => text.split(',').map((name) => name.trim()),
  pairs: (text, previous) => [...((previous as unknown[]) ?? []), pair(text)],
  plugins: collect,
};

/** Parser of a repeatable option: appends the text to the previous ones. */
export function collect(text: string, previous: unknown): readonly string[] {
  return [...((previous as readonly string[]) ?? []), text];
}

function withFallback(help: string, fallback: string): string {
  return help.endsWith('(repeatable)') ? `${help.slice(0, -1)}; default: ${fallback})` : `${help} (default: ${fallback})`;
}

function pair(text: string): readonly [string, string] {
  const mark = text.indexOf('=');
  if (mark < 1) throw new InvalidArgumentError('Expected name=value, such as preset=slow.');
  return [text.slice(0, mark), text.slice(mark + 1)];
}

function size(text: string): { width: number; height: number } {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (!match) throw new InvalidArgumentError('Expected WIDTHxHEIGHT, such as 1920x1080.');
  return { width: Number(match[1]), height: Number(match[2]) };
}

function time(text: string, _previous: unknown, option: string): number {
  try {
    return parseTime(text, option);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}
