import { lstat, readlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Linux follows as many. */
const MAX_LINKS = 40;

/**
 * Follows a chain of symbolic links to its last path, whether or not a file exists there yet.
 * @throws ELOOP, or the system's error other than "no such file"
 */
export async function meantBy(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const state = await lstat(at).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (!state?.isSymbolicLink()) return at;
    at = resolve(dirname(at), await readlink(at));
  }
  throw new Error(`ELOOP: too many symbolic links, ${path}`);
}
