import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, readdir, readFile, readlink, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { OutputFile } from '../../../dist/pipeline/output/output-file.js';
import { failureOf } from '../../helpers/errors.js';
import { folderWith } from '../../helpers/folder-with.js';

test('works beside the target, under a name with the same extension that a listing hides', async () => {
  const folder = await folderWith({ 'in.mp4': 'in' });
  const output = await OutputFile.prepare(join(folder, 'out.final.mkv'), join(folder, 'in.mp4'), false);
  await output.claim();
  onTestFinished(() => output.discard());
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
  await output.claim();
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

/** An output whose partial file holds this, in a folder with these files. It may overwrite. */
async function written(content: string, files: Record<string, string> = {}) {
  const folder = await folderWith(files);
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', true);
  await output.claim();
  await writeFile(output.partial, content);
  return { folder, output };
}

test('the target changes in one step, when the work is published', async () => {
  const { folder, output } = await written('half', { 'out.mp4': 'old' });
  expect(await readFile(output.path, 'utf8')).toBe('old');
  await writeFile(output.partial, 'whole');
  const before = await stat(output.partial);
  await output.publish();
  expect(await readFile(output.path, 'utf8')).toBe('whole');
  expect((await stat(output.path)).ino).toBe(before.ino);
  await output.discard();
  expect(await readdir(folder)).toEqual(['out.mp4']);
});

test('what is discarded leaves nothing, and the old file as it was', async () => {
  const { folder, output } = await written('half', { 'out.mp4': 'old' });
  await output.discard();
  await output.discard();
  expect(await readdir(folder)).toEqual(['out.mp4']);
  expect(await readFile(output.path, 'utf8')).toBe('old');
});

test('discarding after publishing harms nothing', async () => {
  const { output } = await written('whole');
  await output.publish();
  await output.discard();
  expect(await readFile(output.path, 'utf8')).toBe('whole');
});

test('a finished video that cannot get its name is kept where the message says it is', async () => {
  const { folder, output } = await written('hours of work');
  await mkdir(join(folder, 'out.mp4'));
  const error = await failureOf(() => output.publish());
  await output.discard();
  expect(error.code).toBe('SRVID_OUTPUT_UNWRITABLE');
  expect(error.message).toContain(output.partial);
  expect(await readFile(output.partial, 'utf8')).toBe('hours of work');
});

test('a name as long as a file system takes gets a short one to work under', async () => {
  const folder = await folderWith({});
  for (const name of [`${'y'.repeat(246)}.mkv`, `${'я'.repeat(123)}.mkv`, `a.${'z'.repeat(240)}`]) {
    const output = await OutputFile.prepare(join(folder, name), '-', false);
    await output.claim();
    await writeFile(output.partial, 'whole');
    await output.publish();
    await output.discard();
    expect(await readdir(folder)).toContain(name);
  }
  expect((await readdir(folder)).length).toBe(3);
  expect((await failureOf(() => OutputFile.prepare(join(folder, 'y'.repeat(300)), '-', false))).code).toBe('SRVID_OUTPUT_UNWRITABLE');
});

test('no two sessions choose the same name to work under, and each is made anew', async () => {
  const folder = await folderWith({});
  const names = new Set<string>();
  for (let run = 0; run < 5; run++) names.add((await OutputFile.prepare(join(folder, 'out.mp4'), '-', false)).partial);
  expect(names.size).toBe(5);
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
  await writeFile(join(folder, 'victim'), 'mine');
  await symlink('victim', output.partial);
  expect((await failureOf(() => output.claim())).code).toBe('SRVID_OUTPUT_UNWRITABLE');
  await output.discard();
  expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('mine');
});

test('what was put in the place of the unfinished file is not published', async () => {
  const folder = await folderWith({ secret: 'secret' });
  for (const plant of [(path: string) => symlink('secret', path), (path: string) => writeFile(path, 'other')]) {
    const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
    await output.claim();
    await rename(output.partial, join(folder, 'aside'));
    await plant(output.partial);
    expect((await failureOf(() => output.publish())).code).toBe('SRVID_OUTPUT_UNWRITABLE');
    await output.discard();
    expect((await readdir(folder)).sort()).toEqual(['aside', 'secret']);
  }
});

test('an output that is a link is written to the file that it means, and stays a link', async () => {
  const folder = await folderWith({ 'old.mp4': 'old' });
  await mkdir(join(folder, 'sub'));
  await symlink('sub/new.mp4', join(folder, 'dangling.mp4'));
  await symlink('dangling.mp4', join(folder, 'far.mp4'));
  await symlink('old.mp4', join(folder, 'link.mp4'));
  await symlink('nowhere/new.mp4', join(folder, 'lost.mp4'));
  await symlink('round.mp4', join(folder, 'round.mp4'));
  const write = async (name: string, overwrite: boolean) => {
    const output = await OutputFile.prepare(join(folder, name), '-', overwrite);
    await output.claim();
    await writeFile(output.partial, 'new');
    await output.publish();
    await output.discard();
  };
  await write('far.mp4', false);
  expect(await readFile(join(folder, 'sub', 'new.mp4'), 'utf8')).toBe('new');
  expect(await readlink(join(folder, 'far.mp4'))).toBe('dangling.mp4');
  expect(await readlink(join(folder, 'dangling.mp4'))).toBe('sub/new.mp4');
  expect((await failureOf(() => write('link.mp4', false))).code).toBe('SRVID_OUTPUT_EXISTS');
  await write('link.mp4', true);
  expect(await readlink(join(folder, 'link.mp4'))).toBe('old.mp4');
  expect(await readFile(join(folder, 'old.mp4'), 'utf8')).toBe('new');
  for (const name of ['lost.mp4', 'round.mp4']) expect((await failureOf(() => write(name, true))).code).toBe('SRVID_OUTPUT_UNWRITABLE');
  expect(await readdir(join(folder, 'sub'))).toEqual(['new.mp4']);
});

test('what appears under the name meanwhile is kept, be it a file, a folder or a link, and the work is kept, too', async () => {
  const folder = await folderWith({});
  const appear = [(path: string) => writeFile(path, 'theirs'), (path: string) => mkdir(path), (path: string) => symlink('nowhere', path)];
  for (const [index, plant] of appear.entries()) {
    const output = await OutputFile.prepare(join(folder, `out${index}.mp4`), '-', false);
    await output.claim();
    await writeFile(output.partial, 'hours of work');
    await plant(output.path);
    const before = await lstat(output.path);
    const error = await failureOf(() => output.publish());
    await output.discard();
    expect(error.code).toBe('SRVID_OUTPUT_EXISTS');
    expect(error.message).toContain(output.partial);
    expect((await lstat(output.path)).ino).toBe(before.ino);
    expect(await readFile(output.partial, 'utf8')).toBe('hours of work');
  }
});

test('a name that is not UTF-8 is refused, since another file would be written', async () => {
  const folder = await folderWith({});
  for (const name of ['caf\uFFFD.mp4', 'half\uD83D.mp4', 'zero\0.mp4']) {
    const error = await failureOf(() => OutputFile.prepare(join(folder, name), '-', true));
    expect(error.code).toBe('SRVID_OUTPUT_UNWRITABLE');
    expect(error.message).toContain('not UTF-8');
  }
});
