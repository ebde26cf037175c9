import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, SrvidError } from '../errors.js';
import { packageVersion } from '../version.js';

const TEMPLATE = new URL('../../templates/plugin/', import.meta.url);
/** The compiler that the package is developed with; srvid is built by the same. */
const TYPESCRIPT = '6.0.3';
/** The rules of npm for names of new packages. */
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const MAX_NAME = 214;
const FORBIDDEN = ['node_modules', 'favicon.ico'];
/** Files that npm leaves out of packages, or takes for a package of its own, have other names in the template. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore', 'package.template.json': 'package.json' };

/** A package that was written. */
export interface NewPlugin {
  /** Its folder, absolute. */
  readonly folder: string;
  /** Paths of its files within the folder. */
  readonly files: readonly string[];
}

/**
 * Writes a package with a plugin in TypeScript: source, test, and all that npm needs to publish it.
 * @param name a name for npm, "demo" or "@me/demo"
 * @param folder where it goes; a folder of the name in the working folder where not given
 * @param taken names that it may not have, since srvid has plugins of these names
 * @throws SRVID_OPTION_INVALID for a name that cannot be used, SRVID_OUTPUT_EXISTS, SRVID_OUTPUT_UNWRITABLE
 */
export async function writePlugin(name: string, folder: string | undefined, taken: readonly string[]): Promise<NewPlugin> {
  const short = checkedName(name, taken);
  const target = resolve(folder ?? short);
  await assertEmpty(target);
  const values: Readonly<Record<string, string>> = { __PACKAGE__: name, __NAME__: short, __SRVID__: packageVersion(), __TYPESCRIPT__: TYPESCRIPT };
  const files: string[] = [];
  try {
    for (const path of await filesOf(fileURLToPath(TEMPLATE))) {
      const text = await readFile(new URL(path, TEMPLATE), 'utf8');
      const renamed = RENAMED[path] ?? path;
      await mkdir(dirname(join(target, renamed)), { recursive: true });
      // Nothing is overwritten, even if it appeared since the folder was looked at.
      await writeFile(
        join(target, renamed),
        text.replaceAll(/__[A-Z]+__/g, (token) => values[token] ?? token),
        { flag: 'wx' },
      );
      files.push(renamed);
    }
  } catch (error) {
    throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to write a new plugin to ${target}: ${messageOf(error)}.`, { folder: target }, error);
  }
  return { folder: target, files };
}

/** The name without its scope. */
function checkedName(name: string, taken: readonly string[]): string {
  const short = name.split('/').at(-1) as string;
  const refuse = (why: string) => {
    throw new SrvidError('SRVID_OPTION_INVALID', `"${name}" cannot be the name of a plugin: ${why}.`, { name });
  };
  if (!NAME.test(name) || name.length > MAX_NAME || FORBIDDEN.includes(short))
    refuse(
      `npm takes names of small letters, digits, -, _ and . that begin with a letter or digit, such as demo or @me/demo, of ${MAX_NAME} characters at most`,
    );
  if (taken.includes(name)) refuse('srvid has a plugin of its own with that name, which would be run in its place. Choose another');
  return short;
}

async function assertEmpty(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (!found || (found.isDirectory() && (await readdir(folder)).length === 0)) return;
  const what = found.isDirectory() ? 'is a folder with files in it' : 'is a file';
  throw new SrvidError('SRVID_OUTPUT_EXISTS', `A new plugin was to be written to ${folder}, which ${what}. Choose another name, or another folder by --dir.`, {
    folder,
  });
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return paths.map((path) => path.replaceAll('\\', '/')).sort();
}
