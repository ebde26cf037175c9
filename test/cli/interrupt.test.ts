import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { COMMAND, exitCodeOf, srvid } from '../helpers/command.js';
import { folderWithClip } from '../helpers/media.js';

/** It takes two seconds at most where the machine is not busy with other things. */
const HANGS_MS = 20_000;
let folder = '';
let input = '';

beforeAll(async () => {
  ({ folder, clip: input } = await folderWithClip('long.mp4', 'testsrc=s=320x180:r=25:d=60', '-preset', 'ultrafast'));
});

/** Command lines of running processes that hold this text. */
async function processesWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' ')).filter((line) => line.includes(text));
}

it.each(['SIGINT', 'SIGTERM'] as const)('%s stops the run: exit code 130, no process and no file left', async (signal) => {
  const output = join(folder, `${signal}.mp4`);
  let stoppedAt = 0;
  const result = await srvid([input, output, '--scale', '3', '--json'], {
    onStart: (child) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (stoppedAt > 0 || !chunk.includes('"progress"')) return;
        stoppedAt = performance.now();
        child.kill(signal);
      });
    },
  });
  expect(result.code).toBe(130);
  expect(performance.now() - stoppedAt).toBeLessThan(HANGS_MS);
  expect(result.stderr).toContain('SRVID_INTERRUPTED');
  expect(await readdir(folder)).toEqual(['long.mp4']);
  await expect.poll(() => processesWith(folder)).toEqual([]);
});

it('an interrupt before the first frame leaves nothing either', async () => {
  const result = await srvid([input, join(folder, 'early.mp4'), '--scale', '3', '--json'], {
    onStart: (child) => child.stdout?.once('data', () => child.kill('SIGINT')),
  });
  expect(result.code).toBe(130);
  expect(await readdir(folder)).toEqual(['long.mp4']);
  await expect.poll(() => processesWith(folder)).toEqual([]);
});

it('a plugin that hangs does not keep the run from being stopped', async () => {
  const hang = fileURLToPath(new URL('../fixtures/plugins/hang.js', import.meta.url));
  let stoppedAt = 0;
  const result = await srvid([input, join(folder, 'hung.mp4'), '--preset', 'bicubic', '--plugin', hang, '--json'], {
    onStart: (child) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        if (stoppedAt > 0 || !chunk.includes('"progress"')) return;
        stoppedAt = performance.now();
        child.kill('SIGINT');
      });
    },
  });
  expect(result.code).toBe(130);
  expect(performance.now() - stoppedAt).toBeLessThan(HANGS_MS);
  expect(await readdir(folder)).toEqual(['long.mp4']);
});

it('a run that still waits for standard input can be stopped', async () => {
  const child = spawn(process.execPath, [COMMAND, '-', join(folder, 'never.mkv')], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.write('not enough to know');
  setTimeout(() => child.kill('SIGINT'), 700);
  const code = await exitCodeOf(child);
  expect(code).toBe(130);
  expect(await readdir(folder)).toEqual(['long.mp4']);
});

it('a reader of --json that goes away ends the run, and nothing is left', async () => {
  const child = spawn(process.execPath, [COMMAND, input, join(folder, 'unread.mp4'), '--scale', '3', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await exitCodeOf(child);
  expect(code).toBe(130);
  expect(await readdir(folder)).toEqual(['long.mp4']);
});
