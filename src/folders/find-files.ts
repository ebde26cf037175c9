import * as fs from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname, join, parse, relative, resolve, sep } from 'node:path';
import { glob } from 'tinyglobby';
import { isPattern } from './folder-input.js';

/** File endings of video, for a folder of which no pattern says what is meant. */
const VIDEO = new Set(
  (
    '.3g2 .3gp .amv .asf .avi .divx .dv .f4v .flv .h264 .h265 .hevc .ivf .m2t .m2ts .m2v .m4v .mkv .mod .mov .mp4 .mpeg .mpg .mts .mxf .nut ' +
    '.ogm .ogv .rm .rmvb .ts .vob .webm .wmv .y4m .264 .265'
  ).split(' '),
);

/** Files that an input stands for. */
export interface FoundFiles {
  /** The absolute path of the folder whose tree they lie in. */
  readonly base: string;
  /** Their paths from there, with "/" between parts, sorted. */
  readonly files: readonly string[];
  /** True where folders of any depth are looked into. */
  readonly isDeep: boolean;
  /** Folders that could not be looked into. */
  readonly unread: readonly string[];
}

/**
 * Finds the files of a folder or a pattern. A folder stands for the videos in it, at any depth; a pattern for all files that fit it.
 * Names that begin with a dot are left out unless the pattern has the dot. Links are followed.
 * @param exclude patterns of what is left out, from the folder on; a folder's name leaves out all that is in it
 */
export async function findFiles(input: string, exclude: readonly string[]): Promise<FoundFiles> {
  const { base, rest } = await parted(input);
  const unread: string[] = [];
  const found = await glob(rest.map(escaped).join('/') || '**', {
    cwd: base,
    ignore: exclude.flatMap((pattern) => [escaped(pattern), `${escaped(pattern.replace(/\/+$/, ''))}/**`]),
    ...{ expandDirectories: false, extglob: false, dot: false, followSymbolicLinks: true },
    fs: { readdir: notingFailures((path) => unread.push(path)) },
  });
  const files = rest.length > 0 ? found : found.filter((file) => VIDEO.has(extname(file).toLowerCase()));
  return { base, files: files.sort(), isDeep: rest.length === 0 || rest.includes('**'), unread };
}

/** A path's leading folders that are there, and the parts of the pattern after them. A folder whose name looks like a pattern is a folder. */
async function parted(input: string): Promise<{ readonly base: string; readonly rest: readonly string[] }> {
  const { root } = parse(input);
  let base = resolve(root);
  const parts = input.slice(root.length).split(sep === '\\' ? /[\\/]+/ : /\/+/);
  const rest = parts.filter((part) => part !== '' && part !== '.');
  while (rest.length > 0 && rest[0] !== undefined) {
    const next = join(base, rest[0]);
    if (isPattern(rest[0]) && !(await stat(next).catch(() => undefined))?.isDirectory()) break;
    base = next;
    rest.shift();
  }
  return { base, rest };
}

/** A part of a pattern in which parentheses and marks of negation are the characters themselves. */
function escaped(part: string): string {
  return part.replaceAll(/[()]|^!/g, '\\$&');
}

/** The system's readdir, which tells the paths of folders that it cannot read. */
function notingFailures(note: (path: string) => void): typeof fs.readdir {
  return ((path: string, options: { withFileTypes: true }, done: (error: Error | null, entries: fs.Dirent[]) => void) =>
    fs.readdir(path, options, (error, entries) => {
      if (error) note(path);
      done(error, entries);
    })) as typeof fs.readdir;
}

/** A path from one folder to another's inside; undefined where the other is not inside. Empty where they are the same. */
export function pathInside(folder: string, path: string): string | undefined {
  const inside = relative(folder, path);
  return inside === '..' || inside.startsWith(`..${sep}`) || parse(inside).root !== '' ? undefined : inside;
}
