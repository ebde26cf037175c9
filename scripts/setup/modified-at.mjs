import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** When a file or folder was last changed, in ms since 1970; 0 where there is none. */
export function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The latest change in a folder. Folders count too: theirs is the only trace of a file that was deleted or renamed. */
export function newestIn(folder) {
  const inside = readdirSync(folder, { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? newestIn(join(folder, entry.name)) : modifiedAt(join(folder, entry.name)),
  );
  return Math.max(modifiedAt(folder), ...inside);
}
