import { type ErrorCode, SrvidError } from '../../errors.js';

/** Stands in a string where bytes were no UTF-8. */
const REPLACEMENT = '\uFFFD';

/**
 * Refuses a name that does not say which file is meant: Node turns bytes that are not UTF-8 into U+FFFD, so the name
 * would be that of another file; and a zero byte ends a name early.
 */
export function assertFileName(what: string, path: string, code: ErrorCode): void {
  if (!path.includes(REPLACEMENT) && !path.includes('\0') && isWellFormed(path)) return;
  throw new SrvidError(
    code,
    `${what} ${JSON.stringify(path)} has a name that is not UTF-8, so it cannot be told which file is meant. Rename the file or its folder, or make a link to it with another name (ln -s).`,
    { path },
  );
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text, 'utf8').toString('utf8') === text;
}
