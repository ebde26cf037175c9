import { parseArgs } from 'node:util';

/**
 * The options in `args`, and their defaults for what is not there. The kind of a default says what the option takes: a number, any text, nothing
 * where it is false, and text that need not be given where it is undefined. With `files` of [], what is no option counts as a file.
 * @throws where an option is not among them, or its value is no number
 */
export function optionsOf({ files, ...defaults }, args = process.argv.slice(2)) {
  const kindOf = (value) => ({ type: value === false ? 'boolean' : 'string' });
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: files !== undefined,
    options: Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, kindOf(value)])),
  });
  const given = Object.entries(values).map(([name, value]) => [name, typeof defaults[name] === 'number' ? numberOf(name, value) : value]);
  return { ...defaults, ...Object.fromEntries(given), ...(files && { files: positionals }) };
}

function numberOf(name, text) {
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw new Error(`--${name} ${text} is no number. Write it in digits: --${name} 3`);
  return Number(text);
}
