import { mkdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { messageOf, SrvidError } from '../errors.js';
import { assertFileName } from '../pipeline/ffmpeg/file-name.js';
import { endingFor, hasKnownEnding } from '../pipeline/output/container.js';
import { findFiles, pathInside } from './find-files.js';

/** An input that stands for several files, and where their outputs go. */
export interface FolderOptions {
  /** A folder, or a pattern such as "in/**\/*.mkv". */
  readonly input: string;
  /** The folder to write into; it is made where it does not exist. */
  readonly output: string;
  /** Patterns of files that are left out, from the input's folder on. */
  readonly exclude: readonly string[];
  /** The kind of files to write, as of a session. */
  readonly format?: string | undefined;
}

/** One file to process. */
export interface PlannedFile {
  /** Its path from the input's folder, with "/": its name in reports. */
  readonly name: string;
  /** Its output's path from the output folder, with "/". */
  readonly outputName: string;
  /** Absolute paths. */
  readonly input: string;
  readonly output: string;
}

/** All files to process. */
export interface FolderPlan {
  /** Absolute path of the output folder. */
  readonly output: string;
  readonly files: readonly PlannedFile[];
  /** Folders that could not be looked into. */
  readonly unread: readonly string[];
}

/**
 * Finds the files of an input and gives each its output: the same path in the output folder, with the ending of the container. Nothing
 * is written yet.
 * @throws SRVID_INPUT_NOT_FOUND, SRVID_OUTPUT_IN_INPUT, SRVID_OUTPUT_SHARED, SRVID_OUTPUT_IS_INPUT, SRVID_OUTPUT_UNWRITABLE, SRVID_OUTPUT_FORMAT
 */
export async function planFolder({ input, output, exclude, format }: FolderOptions): Promise<FolderPlan> {
  const target = resolve(output);
  const { base, files, isDeep, unread } = await findFiles(input, exclude);
  // First: a mistyped name with a bracket in it looks like a pattern.
  if (files.length === 0) throw nothingFound(input, exclude);
  await refuseFile(output, target);
  await refuseInside(base, target, isDeep, exclude);
  const plan = files.map((name) => {
    const outputName = `${name.slice(0, name.length - extname(name).length)}${endingFor(name, format)}`;
    return { name, outputName, input: join(base, name), output: join(target, outputName) };
  });
  refuseShared(plan);
  refuseInputs(plan);
  return { output: target, files: plan, unread };
}

/** Makes a folder and those above it. @throws SRVID_OUTPUT_UNWRITABLE */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `Tried to make the folder ${path}: ${messageOf(error)}. Choose another output folder.`, { path }, error);
  });
}

/** Refuses an output that is no folder, or has the name of a file. */
async function refuseFile(asTyped: string, path: string): Promise<void> {
  assertFileName('The output', asTyped, 'SRVID_OUTPUT_UNWRITABLE');
  const refuse = (found: string, mend: string) => {
    throw new SrvidError('SRVID_OUTPUT_UNWRITABLE', `The input stands for several files, so the output must be a folder, but ${found}. ${mend}`, { path });
  };
  if (asTyped === '-') refuse('it is standard output', 'Give the path of a folder.');
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory()) refuse(`${path} is a file`, 'Give another name.');
  if (!found && hasKnownEnding(path)) refuse(`${path} has the name of a file`, 'Give another name, or make a folder of this name first.');
}

/** Refuses an output folder whose files would be inputs of the next run. */
async function refuseInside(base: string, target: string, isDeep: boolean, exclude: readonly string[]): Promise<void> {
  const inside = pathInside(await realFolder(base), await realFolder(target));
  if (inside === undefined || (inside !== '' && !isDeep)) return;
  const name = inside.replaceAll(sep, '/');
  const excluded = exclude.map((pattern) => pattern.replace(/(\/\*\*)?\/*$/, '').replace(/^\.\//, ''));
  if (name !== '' && excluded.some((folder) => name === folder || name.startsWith(`${folder}/`))) return;
  const mend = name === '' ? 'Choose another output folder.' : `Choose a folder beside it, or give --exclude ${name}.`;
  const where = name === '' ? 'is the folder of the input' : `lies in the folder of the input, ${base}`;
  throw new SrvidError('SRVID_OUTPUT_IN_INPUT', `The output folder ${target} ${where}, so results would be inputs of the next run. ${mend}`, { path: target });
}

/** A folder's path behind all links, also where its last parts do not exist yet. */
async function realFolder(path: string): Promise<string> {
  const above = dirname(path);
  return realpath(path).catch(async (error: unknown) => {
    if (above === path) throw error;
    return join(await realFolder(above), basename(path));
  });
}

function nothingFound(input: string, exclude: readonly string[]): SrvidError {
  const left = exclude.length > 0 ? ', without those that --exclude names' : '';
  return new SrvidError(
    'SRVID_INPUT_NOT_FOUND',
    `Looked for ${input}${left}, and found no ${/[*?[{]/.test(input) ? 'file of this name, and none that fits it as a pattern' : 'video in the folder'}. ${
      left ? 'Give another --exclude' : 'Give another pattern; a folder stands for the videos in it, and "folder/**" for all its files'
    }.`,
    { path: input },
  );
}

/** Refuses two inputs with one output. Where the system takes names in capitals for the same ones, they are. */
function refuseShared(plan: readonly PlannedFile[]): void {
  const ignoresCase = process.platform === 'win32' || process.platform === 'darwin';
  const names = new Map<string, string>();
  for (const { name, outputName, output } of plan) {
    const key = ignoresCase ? outputName.toLowerCase() : outputName;
    const other = names.get(key);
    names.set(key, name);
    if (other === undefined) continue;
    throw new SrvidError(
      'SRVID_OUTPUT_SHARED',
      `${other} and ${name} would both be written to ${output}. Rename one of them, leave one out by --exclude, or process them by patterns of their own into different folders.`,
      { path: output, inputs: [other, name] },
    );
  }
}

/** Refuses an output that is another file's input. */
function refuseInputs(plan: readonly PlannedFile[]): void {
  const inputs = new Set(plan.map(({ input }) => input));
  const found = plan.find(({ output }) => inputs.has(output));
  if (!found) return;
  const { output: path } = found;
  throw new SrvidError('SRVID_OUTPUT_IS_INPUT', `${path} is one of the inputs, and the output of ${found.name}. Give another output folder.`, { path });
}
