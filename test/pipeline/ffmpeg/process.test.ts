import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FfmpegProcess } from '../../../dist/pipeline/ffmpeg/process.js';
import { failureOf } from '../../helpers/errors.js';
import { FFMPEG } from '../../helpers/programs.js';

function start(fixture: string, overrides: { path?: string } = {}): FfmpegProcess {
  return new FfmpegProcess({
    path: overrides.path ?? process.execPath,
    args: [fileURLToPath(new URL(`../../fixtures/processes/${fixture}.mjs`, import.meta.url))],
    purpose: 'decode clip.mp4',
    failure: 'SRVID_DECODE_FAILED',
    stdio: ['ignore', 'pipe'],
  });
}

/** Waits until the process has said something, so that it is up and its signal handlers are set. */
async function firstOutput(child: FfmpegProcess): Promise<void> {
  await new Promise((resolve) => child.readable(1).once('data', resolve));
  child.readable(1).pause();
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await work();
  return performance.now() - since;
}

test('stop ends a process that stalls, without waiting for the grace period', async () => {
  const child = start('stalls');
  await firstOutput(child);
  await child.stop();
  expect(child.ended).toBe(true);
  expect((await failureOf(() => child.done())).message).toContain('SIGTERM');
});

test('stop kills a process that will not be asked, once the grace period is over', async () => {
  const child = start('ignores-sigterm');
  await firstOutput(child);
  expect(await millisecondsOf(() => child.stop())).toBeGreaterThan(600);
  expect(child.ended).toBe(true);
  expect((await failureOf(() => child.done())).message).toContain('SIGKILL');
});

test('stop does not wait for output that nobody reads', async () => {
  const child = start('floods-stdout');
  await firstOutput(child);
  // A reader that has enough: whatever else comes, it stops the stream again.
  child.readable(1).on('data', () => child.readable(1).pause());
  await child.stop();
  expect(child.ended).toBe(true);
  // Its pipe has gone before the signal comes: it may end by either.
  const end = await child.done().then(
    () => 'exit code 0',
    (error: Error) => error.message,
  );
  expect(end).not.toContain('SIGKILL');
});

test('stop may be called twice, and after the end', async () => {
  const child = start('stalls');
  await firstOutput(child);
  await Promise.all([child.stop(), child.stop()]);
  await child.stop();
  expect(child.ended).toBe(true);
});

test('a failure tells what was tried, how it ended and the last lines that were said', async () => {
  const child = start('fails');
  child.readable(1).resume();
  const error = await failureOf(() => child.done());
  expect(error.code).toBe('SRVID_DECODE_FAILED');
  expect(error.message).toContain('decode clip.mp4');
  expect(error.message).toContain('exit code 1');
  expect(error.message).toContain('complaint 198 | complaint 199 | no space left on device');
  expect(error.message).not.toContain('read_timestamp');
  expect(error.details['log']).toHaveLength(10);
});

test('what is said is kept, but never more than a little of it', async () => {
  const child = start('floods-stderr');
  child.readable(1).resume();
  await child.done();
  expect(child.log.length).toBeLessThanOrEqual(40);
  expect(child.log.join('').length).toBeLessThan(40 * 500 + 1);
});

test('what ffmpeg says is passed on without its places in memory, and what it guesses rightly is not', async () => {
  const program = fileURLToPath(import.meta.url);
  const sound = ['-f', 's16le', '-ar', '8000', '-ac', '2', '-t', '0.1', '-i', '/dev/zero'];
  const child = new FfmpegProcess({
    path: FFMPEG,
    args: ['-nostdin', '-v', 'warning', ...sound, '-f', 'mov', '-i', program, '-f', 'null', '-'],
    purpose: 'decode',
    failure: 'SRVID_DECODE_FAILED',
    stdio: ['ignore', 'ignore'],
  });
  await failureOf(() => child.done());
  expect(child.log[0]).toMatch(/^\[[^@\]]+\] moov atom not found$/);
});

test('a program that is not there fails with its name, and can be stopped', async () => {
  const child = start('stalls', { path: '/nowhere/ffmpeg' });
  const error = await failureOf(() => child.done());
  expect(error.code).toBe('SRVID_DECODE_FAILED');
  expect(error.message).toContain('/nowhere/ffmpeg');
  expect(error.message).toContain('could not be started');
  await child.stop();
});

test('a pipe that breaks is no uncaught error', async () => {
  const child = new FfmpegProcess({
    path: process.execPath,
    args: ['-e', 'process.exit(3)'],
    purpose: 'encode',
    failure: 'SRVID_ENCODE_FAILED',
    stdio: ['pipe', 'ignore'],
  });
  const pipe = child.writable(0);
  const error = await failureOf(async () => {
    pipe.write(Buffer.alloc(1 << 20));
    await child.done();
  });
  expect(error.code).toBe('SRVID_ENCODE_FAILED');
  expect(error.message).toContain('exit code 3');
});
