import { constants } from 'node:fs';
import { lstat, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, identitySchema, ownIdentity } from './process-identity.js';

/** Purposes of temporary folders, which are a part of their names. */
type Purpose = 'cover' | 'trial' | 'tracks' | 'profile' | 'bench' | 'input' | 'eval';

const NAME = /^srvid-(cover|trial|tracks|profile|bench|input|eval)-[A-Za-z0-9]{6}$/;
/** The file in each folder that names the process to which it belongs. */
const OWNER = 'owner.json';

/** A temporary folder of a process that was killed. */
export interface DeadFolder {
  readonly path: string;
  readonly bytes: number;
}

/** Makes a folder in the system's temporary one, and notes in it that it belongs to this process. The caller removes it. */
export async function makeTemporaryFolder(purpose: Purpose): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `srvid-${purpose}-`));
  const file = await open(join(folder, OWNER), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(JSON.stringify(await ownIdentity()));
  } finally {
    await file.close();
  }
  return folder;
}

/** Finds temporary folders of this user whose processes have ended for sure, by a kill that left them no time to tidy up. */
export async function deadFolders(): Promise<DeadFolder[]> {
  const names = (await readdir(tmpdir()).catch(() => [])).filter((name) => NAME.test(name)).sort();
  const found = await Promise.all(names.map((name) => deadFolder(join(tmpdir(), name)).catch(() => undefined)));
  return found.filter((folder) => folder !== undefined);
}

/** Removes the temporary folders of processes that were killed. */
export async function removeDeadFolders(): Promise<void> {
  for (const { path } of await deadFolders()) await rm(path, { recursive: true, force: true }).catch(() => {});
}

async function deadFolder(path: string): Promise<DeadFolder | undefined> {
  const state = await lstat(path);
  // The temporary folder is everybody's: another user's folder, or a link to anywhere, may have such a name.
  if (!state.isDirectory() || state.uid !== process.getuid?.()) return undefined;
  const identity = identitySchema.parse(JSON.parse(await readFile(join(path, OWNER), 'utf8')));
  if (!(await hasEnded(identity))) return undefined;
  const sizes = await Promise.all((await readdir(path)).map((name) => lstat(join(path, name))));
  return { path, bytes: sizes.reduce((sum, { size }) => sum + size, 0) };
}
