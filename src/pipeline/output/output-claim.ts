import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { SrvidError } from '../../errors.js';
import { hasEnded, identitySchema, ownIdentity } from './process-identity.js';

const PREFIX = '.srvid-';
/** Names of unfinished files. A claim never causes the removal of any other file. */
const WORK_NAME = /^\.srvid-[0-9a-f]{16}(\.[A-Za-z0-9]{1,10})?$/;
const CLAIM_NAME = /^\.srvid-[0-9a-f]{16}\.claim$/;
const MAX_CLAIM_BYTES = 4096;
/**
 * An empty claim is one that is being written, where files cannot be linked. After this time its writer has been
 * killed.
 */
const WRITING_MS = 10_000;
/** Another session may claim and end between two attempts. */
const ATTEMPTS = 20;

const claimSchema = z.object({
  token: z.string(),
  /** The name of the unfinished file, in the same folder. */
  work: z.string().regex(WORK_NAME),
  process: identitySchema,
});

type Claim = z.infer<typeof claimSchema>;

/** A file that a killed run left in a folder. */
export interface Leftover {
  readonly path: string;
  readonly bytes: number;
}

/** A new name for an unfinished file: short, hidden, and impossible to guess. */
export function workName(extension: string): string {
  return `${PREFIX}${randomBytes(8).toString('hex')}${/^\.[A-Za-z0-9]{1,10}$/.test(extension) && extension !== '.claim' ? extension : ''}`;
}

/**
 * The right to write one target: a file beside it that names the process which holds it. `release` gives it up. If the
 * process was killed, the next run to the same target takes the claim over and removes the unfinished file.
 */
export class OutputClaim {
  readonly #token = randomBytes(16).toString('hex');
  readonly #path: string;

  private constructor(
    private readonly folder: string,
    target: string,
  ) {
    this.#path = join(folder, `${PREFIX}${createHash('sha256').update(target).digest('hex').slice(0, 16)}.claim`);
  }

  /**
   * Takes the claim on `target` in `folder`.
   * @param folder the real path, so that two paths to one folder lead to one claim
   * @param work the name of the unfinished file
   * @throws SRVID_OUTPUT_IN_USE while another session writes there
   */
  static async take(folder: string, target: string, work: string): Promise<OutputClaim> {
    const claim = new OutputClaim(folder, target);
    const content = JSON.stringify({ token: claim.#token, work, process: await ownIdentity() } satisfies Claim);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await claim.#place(content)) return claim;
      await claim.#removeIfDead(join(folder, target));
    }
    throw inUse(join(folder, target), claim.#path, 'other sessions keep claiming it');
  }

  /** Gives the claim up. Safe at any time: another session's claim is left alone. */
  async release(): Promise<void> {
    if ((await readClaim(this.#path))?.token === this.#token) await rm(this.#path, { force: true });
  }

  /** Puts the complete content under the claim's name in one step, unless the name is taken. */
  async #place(content: string): Promise<boolean> {
    const aside = join(this.folder, workName(''));
    try {
      await writeNew(aside, content);
      await link(aside, this.#path);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      if (!isLinkless(error)) throw error;
      return await writeNew(this.#path, content).then(
        () => true,
        (thrown: unknown) => {
          if (codeOf(thrown) === 'EEXIST') return false;
          throw thrown;
        },
      );
    } finally {
      await rm(aside, { force: true });
    }
  }

  /**
   * Removes the claim of a process that has ended, and its unfinished file. The right to do so is itself a claim, on
   * the one that was found dead: so no session removes the claim by which another has replaced it since.
   */
  async #removeIfDead(target: string): Promise<void> {
    const state = await lstat(this.#path).catch(() => undefined);
    if (!state) return;
    const found = await readClaim(this.#path);
    if (found && !(await hasEnded(found.process))) {
      throw inUse(target, this.#path, `process ${found.process.pid} on ${found.process.host} writes it`);
    }
    if (!found && !state.isFile()) throw inUse(target, this.#path, 'what stands there is no claim of srvid');
    if (!found && Date.now() - state.mtimeMs < WRITING_MS) throw inUse(target, this.#path, 'another session is just claiming it');
    const generation = found?.token ?? `${state.ino}-${state.mtimeMs}`;
    const right = await OutputClaim.take(this.folder, `${this.#path} ${generation}`, workName('')).catch((error: unknown) => {
      throw error instanceof SrvidError ? inUse(target, this.#path, 'another session is just claiming it') : error;
    });
    try {
      const now = await readClaim(this.#path);
      if (now?.token !== found?.token) return;
      if (now) await rm(join(this.folder, now.work), { recursive: true, force: true }); // A folder of pictures, or a file.
      await rm(this.#path, { force: true });
    } finally {
      await right.release();
    }
  }
}

/** Finds files that killed runs left in a folder: unfinished files and claims that no live process owns. */
export async function leftoversIn(folder: string): Promise<Leftover[]> {
  const names = (await readdir(folder)).filter((name) => WORK_NAME.test(name) || CLAIM_NAME.test(name));
  const claims = await Promise.all(names.filter((name) => CLAIM_NAME.test(name)).map(async (name) => ({ name, claim: await readClaim(join(folder, name)) })));
  const owned = new Set<string>();
  for (const { name, claim } of claims) {
    if (!claim || (await hasEnded(claim.process))) continue;
    owned.add(name).add(claim.work);
  }
  const left = names.filter((name) => !owned.has(name)).sort();
  const sizes = await Promise.all(left.map((name) => lstat(join(folder, name)).catch(() => undefined)));
  return left.flatMap((name, index) => (sizes[index]?.isFile() ? [{ path: join(folder, name), bytes: sizes[index].size }] : []));
}

/** True where the error says that a file system has no hard links: FAT, and some network file systems. */
export function isLinkless(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES', 'EINVAL'].includes(codeOf(error) ?? '');
}

/** The system's name for an error, "EEXIST". */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** A claim's content; undefined for any other file. */
async function readClaim(path: string): Promise<Claim | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined);
  if (!file) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_CLAIM_BYTES), 0, MAX_CLAIM_BYTES, 0);
    return claimSchema.parse(JSON.parse(buffer.toString('utf8', 0, bytesRead)));
  } catch {
    return undefined;
  } finally {
    await file.close();
  }
}

async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

function inUse(target: string, claim: string, why: string): SrvidError {
  return new SrvidError(
    'SRVID_OUTPUT_IN_USE',
    `The output ${target} is being written already: ${why}. Wait for its end, or choose another name. If that session is surely gone, remove ${claim}.`,
    { path: target, claim },
  );
}
