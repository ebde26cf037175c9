import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The C++ sources. */
export const SOURCE = join(ROOT, 'src', 'native');

/** Files with a `main` of their own: programs for tests, not parts of the add-on. */
const PROGRAMS = ['fuzz.cc'];

const all = () => readdirSync(SOURCE).filter((name) => name.endsWith('.cc'));

/** The add-on's files. */
export const addonSources = () => all().filter((name) => !PROGRAMS.includes(name));

/** The files of a program: its own, and the add-on's without those that speak to Node. */
export const programSources = (program) => [...addonSources().filter((name) => !['addon.cc', 'js-values.cc'].includes(name)), program];
