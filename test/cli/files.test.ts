import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { runSession } from '../../dist/index.js';
import { type CommandResult, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, frameHashes, temporaryFolder } from '../helpers/media.js';

let folder = '';
let expected: string[] = [];
const at = (name: string) => join(folder, name);
const hidden = async () => (await readdir(folder)).filter((name) => name.startsWith('.'));

beforeAll(async () => {
  folder = await temporaryFolder();
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=0.4', '-pix_fmt', 'yuv420p', at('in.mp4'));
  await srvid(['in.mp4', 'expected.mkv', '--preset', 'bicubic', '--encoder', 'ffv1'], { cwd: folder });
  expected = await frameHashes(at('expected.mkv'));
});

it('lets one of two sessions of one process write a target and refuses the other, each of ten times', async () => {
  for (let round = 0; round < 10; round++) {
    const request = { input: at('in.mp4'), output: at(`one-${round}.mkv`), preset: 'bicubic', encoder: 'ffv1', overwrite: round % 2 === 1 };
    const ends = await Promise.allSettled([runSession(request), runSession(request)]);
    const refusals = ends.filter((end) => end.status === 'rejected').map(({ reason }) => (reason as { code?: string }).code);
    expect(refusals).toEqual(['SRVID_OUTPUT_IN_USE']);
    expect(await frameHashes(request.output)).toEqual(expected);
  }
  expect(await hidden()).toEqual([]);
}, 300_000);

it('lets one of two processes write a target and refuses the other, each of ten times', async () => {
  for (let round = 0; round < 10; round++) {
    const name = `two-${round}.mkv`;
    let second: Promise<CommandResult> | undefined;
    const args = ['in.mp4', name, '--preset', 'bicubic', '--encoder', 'ffv1', '-y', '--json'];
    const first = await runSession(
      { input: at('in.mp4'), output: at(name), preset: 'bicubic', encoder: 'ffv1' },
      {
        onEvent: ({ type }) => {
          if (type === 'start') second = srvid(args, { cwd: folder });
        },
      },
    );
    // The other process may come when this one is done; then it overwrites, as it was asked to.
    const end = await (second as Promise<CommandResult>);
    expect(first.framesOut).toBe(10);
    if (end.code !== 0) expect(end.stderr).toContain('SRVID_OUTPUT_IN_USE');
    expect(await frameHashes(at(name))).toEqual(expected);
  }
  expect(await hidden()).toEqual([]);
}, 300_000);

it('keeps what appears under the name while it works, and says where its own is', async () => {
  const output = at('appears.mkv');
  const session = runSession(
    { input: at('in.mp4'), output, preset: 'bicubic', encoder: 'ffv1' },
    {
      onEvent: ({ type }) => {
        if (type === 'start') void writeFile(output, 'theirs');
      },
    },
  );
  const error = await failureOf(() => session);
  expect(error.code).toBe('SRVID_OUTPUT_EXISTS');
  expect(await readFile(output, 'utf8')).toBe('theirs');
  const finished = error.details['finished'] as string;
  expect(await frameHashes(finished)).toEqual(expected);
  const { stdout, code } = await srvid(['doctor', '.'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout.toString()).toContain(`leftover: ${finished}`);
});

it('writes to what a dangling link means, and leaves the link', async () => {
  await symlink('meant.mkv', at('dangling.mkv'));
  await runSession({ input: at('in.mp4'), output: at('dangling.mkv'), preset: 'bicubic', encoder: 'ffv1' });
  expect(await frameHashes(at('meant.mkv'))).toEqual(expected);
});

it('takes names of 250 bytes', async () => {
  const name = `${'я'.repeat(123)}.mkv`;
  await runSession({ input: at('in.mp4'), output: at(name), preset: 'bicubic', encoder: 'ffv1' });
  expect(await frameHashes(at(name))).toEqual(expected);
});

it('names what a killed run left, and takes it away with the next run to the same output', async () => {
  const args = ['in.mp4', 'killed.mkv', '--preset', 'bicubic', '--json'];
  const left = new Set(await hidden());
  await srvid(args, { cwd: folder, onStart: (child) => child.stdout?.once('data', () => child.kill('SIGKILL')) });
  const dead = (await hidden()).filter((name) => !left.has(name));
  expect(dead.length).toBe(2);
  const { stdout } = await srvid(['doctor', '--json'], { cwd: folder });
  for (const name of dead) expect(stdout.toString()).toContain(at(name));
  expect((await srvid(args, { cwd: folder })).code).toBe(0);
  expect(new Set(await hidden())).toEqual(left);
});
