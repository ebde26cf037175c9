import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { expect, test } from 'vitest';
import { OutputFile } from '../../dist/pipeline/output-file.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';

const root = await temporaryFolder();
const folderWith = async (files: Record<string, string>) => {
  const folder = await mkdtemp(join(root, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
};

test('works beside the target, under a name with the same extension that a listing hides', async () => {
  const folder = await folderWith({ 'in.mp4': 'in' });
  const output = await OutputFile.prepare(join(folder, 'out.final.mkv'), join(folder, 'in.mp4'), false);
  expect(dirname(output.partial)).toBe(folder);
  expect(extname(output.partial)).toBe('.mkv');
  expect(output.partial.slice(folder.length + 1)).toMatch(/^\./);
});

test('refuses a file that exists, unless overwriting was asked for', async () => {
  const folder = await folderWith({ 'in.mp4': 'in', 'out.mp4': 'old' });
  const [input, output] = [join(folder, 'in.mp4'), join(folder, 'out.mp4')];
  expect((await failureOf(() => OutputFile.prepare(output, input, false))).code).toBe('SRVID_OUTPUT_EXISTS');
  expect((await OutputFile.prepare(output, input, true)).path).toBe(output);
});

test('refuses the input as output, by its own name and through links, even when overwriting was asked for', async () => {
  const folder = await folderWith({ 'in.mp4': 'in' });
  const input = join(folder, 'in.mp4');
  await symlink(input, join(folder, 'link.mp4'));
  await mkdir(join(folder, 'sub'));
  await symlink(folder, join(folder, 'sub', 'up'));
  for (const output of [input, join(folder, 'link.mp4'), join(folder, 'sub', '..', 'in.mp4'), join(folder, 'sub', 'up', 'in.mp4')]) {
    expect((await failureOf(() => OutputFile.prepare(output, input, true))).code).toBe('SRVID_OUTPUT_IS_INPUT');
  }
  expect((await failureOf(() => OutputFile.prepare(input, join(folder, 'link.mp4'), true))).code).toBe('SRVID_OUTPUT_IS_INPUT');
});

test('a hard link of the input is a file of its own: the input outlives its replacement', async () => {
  const folder = await folderWith({ 'in.mp4': 'in' });
  await link(join(folder, 'in.mp4'), join(folder, 'twin.mp4'));
  const output = await OutputFile.prepare(join(folder, 'twin.mp4'), join(folder, 'in.mp4'), true);
  await writeFile(output.partial, 'new');
  await output.publish();
  expect(await readFile(join(folder, 'in.mp4'), 'utf8')).toBe('in');
  expect(await readFile(join(folder, 'twin.mp4'), 'utf8')).toBe('new');
});

test('refuses a folder that is not there, a folder as output, and a file as folder', async () => {
  const folder = await folderWith({ 'in.mp4': 'in', plain: '' });
  await mkdir(join(folder, 'dir.mp4'));
  for (const output of ['nowhere/out.mp4', 'dir.mp4', 'plain/out.mp4']) {
    expect((await failureOf(() => OutputFile.prepare(join(folder, output), join(folder, 'in.mp4'), true))).code).toBe('SRVID_OUTPUT_UNWRITABLE');
  }
});

test('refuses a folder that may only be read', async () => {
  const folder = await folderWith({ 'in.mp4': 'in' });
  const { path, undo } = await readOnlyFolder();
  try {
    const error = await OutputFile.prepare(join(path, 'out.mp4'), join(folder, 'in.mp4'), true).catch((thrown: unknown) => thrown);
    // Where even a superuser may not mount, all that is left is a place that tells him he may write and then refuses.
    if (error instanceof OutputFile) await expect(writeFile(error.partial, '')).rejects.toThrow();
    else expect(error).toMatchObject({ code: 'SRVID_OUTPUT_UNWRITABLE' });
  } finally {
    await undo();
  }
});

/** Permissions do not bind the superuser, a disk that is mounted to be read does. */
async function readOnlyFolder(): Promise<{ path: string; undo: () => Promise<void> }> {
  const path = await folderWith({});
  if (process.getuid?.() !== 0) {
    await chmod(path, 0o500);
    return { path, undo: () => chmod(path, 0o700) };
  }
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', path], { stdio: 'ignore' });
    return { path, undo: async () => void execFileSync('umount', [path]) };
  } catch {
    return { path: '/proc/self/fd', undo: async () => {} };
  }
}

test('the target changes in one step, when the work is published', async () => {
  const folder = await folderWith({ 'out.mp4': 'old' });
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', true);
  await writeFile(output.partial, 'half');
  expect(await readFile(output.path, 'utf8')).toBe('old');
  await writeFile(output.partial, 'whole');
  const before = await stat(output.partial);
  await output.publish();
  expect(await readFile(output.path, 'utf8')).toBe('whole');
  expect((await stat(output.path)).ino).toBe(before.ino);
  expect(await readdir(folder)).toEqual(['out.mp4']);
});

test('what is discarded leaves nothing, and the old file as it was', async () => {
  const folder = await folderWith({ 'out.mp4': 'old' });
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', true);
  await writeFile(output.partial, 'half');
  await output.discard();
  await output.discard();
  expect(await readdir(folder)).toEqual(['out.mp4']);
  expect(await readFile(output.path, 'utf8')).toBe('old');
});

test('discarding after publishing harms nothing', async () => {
  const folder = await folderWith({});
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
  await writeFile(output.partial, 'whole');
  await output.publish();
  await output.discard();
  expect(await readFile(output.path, 'utf8')).toBe('whole');
});

test('a finished video that cannot get its name is kept where the message says it is', async () => {
  const folder = await folderWith({});
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
  await writeFile(output.partial, 'hours of work');
  await mkdir(join(folder, 'out.mp4'));
  const error = await failureOf(() => output.publish());
  await output.discard();
  expect(error.code).toBe('SRVID_OUTPUT_UNWRITABLE');
  expect(error.message).toContain(output.partial);
  expect(await readFile(output.partial, 'utf8')).toBe('hours of work');
});
