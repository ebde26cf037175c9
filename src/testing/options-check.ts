import { messageOf } from '../errors.js';
import type { Plugin } from '../plugins/contract.js';
import { validateOptions } from '../plugins/registry.js';
import type { Fault } from './report.js';

const UNKNOWN = 'noSuchOption';
/** Values of which no option takes all. */
const NONSENSE: readonly unknown[] = [{ nonsense: true }, ['nonsense'], 'nonsense', -1e9];

/** Gives a plugin options that nobody can mean. @returns the first that it takes, or refuses without naming it */
export function faultOfOptions(plugin: Plugin, given: Readonly<Record<string, unknown>>): Fault | undefined {
  const misspelt = refusalOf(plugin, { ...given, [UNKNOWN]: 1 });
  if (misspelt === undefined) {
    const remedy = 'Refuse names that are not options, so that a misspelt one is noticed: z.strictObject does it, a schema by hand compares Object.keys.';
    return { cause: `it takes an option that it does not have, ${UNKNOWN}`, remedy };
  }
  if (!plugin.options) return undefined; // srvid itself refuses them.
  if (!misspelt.includes(UNKNOWN)) return silent(UNKNOWN, misspelt);
  for (const name of Object.keys(Object(plugin.options.parse(given)))) {
    const refusals = NONSENSE.map((value) => refusalOf(plugin, { ...given, [name]: value }));
    const said = refusals.find((refusal) => refusal !== undefined);
    if (said === undefined) {
      const values = NONSENSE.map((value) => JSON.stringify(value)).join(', ');
      return { cause: `its option ${name} takes whatever it is given: ${values}`, remedy: `Check the type and the range of ${name} in "options".` };
    }
    if (!said.includes(name)) return silent(name, said);
  }
  return undefined;
}

function silent(name: string, said: string): Fault {
  return {
    cause: `it refuses a wrong ${name} without naming it: "${said}"`,
    remedy: `Throw an error that names the option, what was given, and what it takes.`,
  };
}

/** The words with which a plugin refuses options; undefined where it takes them. */
function refusalOf(plugin: Plugin, given: Readonly<Record<string, unknown>>): string | undefined {
  try {
    validateOptions(plugin, given);
    return undefined;
  } catch (error) {
    return messageOf(error).replace(`The options of plugin ${plugin.name} are not valid: `, '');
  }
}
