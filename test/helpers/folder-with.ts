import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './media.js';

const root = await temporaryFolder();

/** A new folder with these files, by their names and contents. */
export async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(root, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
