import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** A file of src/ and its imports. */
export interface SourceFile {
  /** From src/, "pipeline/time.ts". */
  readonly path: string;
  /** Files of srvid that it imports, types included. */
  readonly own: readonly string[];
  /** The same without those that only types come from: what is loaded when it runs. */
  readonly ownAtRunTime: readonly string[];
  /** Packages that it imports, in any way. */
  readonly packages: readonly string[];
  /** Those of them that are loaded with the file. */
  readonly packagesAtLoad: readonly string[];
}

/** The TypeScript files below a folder. */
export async function sourceFiles(folder: string): Promise<SourceFile[]> {
  const paths = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.ts'));
  return Promise.all(paths.map(async (path) => describe(path, await readFile(join(folder, path), 'utf8'))));
}

/** A file by its path and its text. */
export function describe(path: string, text: string): SourceFile {
  const clauses = [
    ...text.matchAll(/^(?:import|export)\s+(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm),
    ...[...text.matchAll(/\bimport\('([^']+)'\)/g)].map((match) => ['import(', '', match[1]] as const),
  ].map(([clause, names = '', from]) => ({ isLate: clause === 'import(', typeOnly: isTypeOnly(names), from: from as string }));
  const resolved = ({ from }: { from: string }) => normalize(join(dirname(path), from)).replace(/\.js$/, '.ts');
  const own = clauses.filter(({ from }) => from.startsWith('.'));
  return {
    path,
    own: own.map(resolved),
    ownAtRunTime: own.filter(({ typeOnly }) => !typeOnly).map(resolved),
    packages: packagesOf(clauses),
    packagesAtLoad: packagesOf(clauses.filter(({ isLate, typeOnly }) => !isLate && !typeOnly)),
  };
}

function packagesOf(clauses: readonly { readonly from: string }[]): string[] {
  return clauses.map(({ from }) => packageOf(from)).filter((from) => !from.startsWith('.') && !from.startsWith('node:'));
}

/** "@scope/name/part" is part of "@scope/name". */
function packageOf(from: string): string {
  return from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : from;
}

/** "type { A }", "{ type A, type B }" and "type *" bring nothing that runs. */
function isTypeOnly(names: string): boolean {
  if (/^type\s/.test(names)) return true;
  const braces = /^\{(.*)\}$/s.exec(names.trim())?.[1];
  const parts = braces
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  return parts !== undefined && parts.length > 0 && parts.every((part) => part.startsWith('type '));
}
