import { type ErrorCode, SrvidError } from '../../errors.js';

/** Node's stand-in, in a string, for bytes that are not UTF-8. */
const REPLACEMENT = '\uFFFD';

/**
 * Refuses a path that does not name one file for sure. Node turns bytes that are not UTF-8 into U+FFFD, so the path
 * would name another file; a zero byte ends a name early. `what` begins the message.
 * @throws `code`
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
