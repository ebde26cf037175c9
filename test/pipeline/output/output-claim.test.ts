import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leftoversIn } from '../../../dist/pipeline/output/output-claim.js';
import { OutputFile } from '../../../dist/pipeline/output/output-file.js';
import { failureOf } from '../../helpers/errors.js';
import { folderWith } from '../../helpers/folder-with.js';

test('of two sessions to one target the second is refused while the first lives, by whatever way it comes', async () => {
  const folder = await folderWith({ 'out.mp4': 'old' });
  await symlink('out.mp4', join(folder, 'link.mp4'));
  await symlink(folder, join(folder, 'here'));
  const first = await OutputFile.prepare(join(folder, 'out.mp4'), '-', true);
  await first.claim();
  for (const name of ['out.mp4', 'link.mp4', 'here/out.mp4']) {
    const second = await OutputFile.prepare(join(folder, name), '-', true);
    const error = await failureOf(() => second.claim());
    await second.discard();
    expect(error.code).toBe('SRVID_OUTPUT_IN_USE');
    expect(error.message).toContain(`process ${process.pid}`);
  }
  await writeFile(first.partial, 'whole');
  await first.publish();
  await first.discard();
  expect(await readFile(join(folder, 'out.mp4'), 'utf8')).toBe('whole');
  expect((await readdir(folder)).sort()).toEqual(['here', 'link.mp4', 'out.mp4']);
});

test('of many that claim at once exactly one gets the target, dead claim or not', async () => {
  const folder = await folderWith({});
  for (let round = 0; round < 40; round++) {
    if (round % 2 === 1) await leaveBehind(folder, 'out.mp4');
    const outputs = await Promise.all(Array.from({ length: 6 }, () => OutputFile.prepare(join(folder, 'out.mp4'), '-', true)));
    const ends = await Promise.allSettled(outputs.map((output) => output.claim()));
    expect(ends.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    await Promise.all(outputs.map((output) => output.discard()));
    expect(await readdir(folder)).toEqual([]);
  }
});

test('what a killed process left is named, and goes with the next run to the same target alone', async () => {
  const folder = await folderWith({ '.srvid-notes': 'mine' });
  const partial = await leaveBehind(folder, 'out.mp4');
  expect((await leftoversIn(folder)).map(({ path }) => path)).toContain(partial);
  const other = await OutputFile.prepare(join(folder, 'other.mp4'), '-', false);
  await other.claim();
  expect((await leftoversIn(folder)).map(({ path }) => path)).not.toContain(other.partial);
  await other.discard();
  expect((await leftoversIn(folder)).length).toBe(2);
  const again = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
  await again.claim();
  expect(await leftoversIn(folder)).toEqual([]);
  await again.discard();
  expect(await readdir(folder)).toEqual(['.srvid-notes']);
});

test('a claim of another machine counts as alive, and what is no claim is left alone', async () => {
  const folder = await folderWith({});
  await leaveBehind(folder, 'out.mp4');
  const claim = join(folder, (await readdir(folder)).find((name) => name.endsWith('.claim')) as string);
  const content = JSON.parse(await readFile(claim, 'utf8')) as { process: { host: string }; work: string };
  const refused = async () => {
    const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
    const error = await failureOf(() => output.claim());
    await output.discard();
    expect(error.code).toBe('SRVID_OUTPUT_IN_USE');
    expect(error.message).toContain(claim);
  };
  await writeFile(claim, JSON.stringify({ ...content, process: { ...content.process, host: 'elsewhere' } }));
  await refused();
  await rm(claim);
  await symlink('nowhere', claim);
  await refused();
  await rm(claim);
  await writeFile(join(folder, 'victim'), 'mine');
  await writeFile(claim, JSON.stringify({ ...content, work: 'victim' }));
  await utimes(claim, 0, 0);
  const output = await OutputFile.prepare(join(folder, 'out.mp4'), '-', false);
  await output.claim();
  await output.discard();
  expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('mine');
});

/** A process claims the target and is killed; gives the unfinished file. */
async function leaveBehind(folder: string, name: string): Promise<string> {
  const module = new URL('../../../dist/pipeline/output/output-file.js', import.meta.url).href;
  const script = `const { OutputFile } = await import(${JSON.stringify(module)});
    const output = await OutputFile.prepare(${JSON.stringify(join(folder, name))}, '-', true);
    await output.claim();
    process.stdout.write(output.partial, () => process.kill(process.pid, 'SIGKILL'));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  return stdout;
}
