import { execFile } from 'node:child_process';
import { appendFile, copyFile, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { COMMAND, type CommandResult, srvid, warningsOf } from '../helpers/command.js';
import { folderWithClip } from '../helpers/media.js';
import { type SeenVideo, seen } from '../helpers/same-video.js';

const OPTIONS = ['--preset', 'bicubic', '--encoder', 'ffv1', '--segment', '1', '--workers', '1', '--json'];
let folder = '';
let clip = '';
let expected: SeenVideo;

beforeAll(async () => {
  const coded = ['-preset', 'ultrafast', '-g', '25', '-c:v', 'libx264', '-c:a', 'aac', '-shortest'];
  ({ folder, clip } = await folderWithClip('clip.mkv', 'testsrc2=size=160x90:rate=25:duration=12', '-f', 'lavfi', '-i', 'sine=duration=12', ...coded));
  const whole = join(folder, 'whole.mkv');
  await srvid([clip, whole, ...OPTIONS, '--no-resume']);
  expected = await seen(whole);
});

const jobOf = (name: string) => join(folder, `.${name}.srvid-job`);
const countOf = (result: CommandResult) => result.events.filter(({ type }) => type === 'segments').map(({ done }) => done as number);

/** Runs the command, and ends it by a signal once so many segments are done. */
async function stopped(name: string, signal: NodeJS.Signals, done = 2): Promise<CommandResult> {
  return srvid([clip, join(folder, name), ...OPTIONS], {
    onStart: (child) =>
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes(`"done":${done},`)) child.kill(signal);
      }),
  });
}

it('after a kill the same command goes on, and the result is that of one run', async () => {
  const killed = await stopped('killed.mkv', 'SIGKILL');
  expect(killed.code).toBe(137);
  expect(await readdir(jobOf('killed.mkv'))).toContain('journal.json');
  const rerun = await srvid([clip, join(folder, 'killed.mkv'), ...OPTIONS]);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)[0]).toBeGreaterThanOrEqual(2);
  expect(await seen(join(folder, 'killed.mkv'))).toEqual(expected);
  expect((await readdir(folder)).filter((file) => file.startsWith('.'))).toEqual([]);
});

it('Ctrl-C keeps what is done and says how to go on; a list names it, and it can be removed', async () => {
  const output = join(folder, 'stopped.mkv');
  const result = await stopped('stopped.mkv', 'SIGINT', 3);
  expect(result.code).toBe(130);
  expect(result.stderr).toMatch(/[3-9] of 12 segments are done and kept: the same command goes on from there/);
  const listed = await srvid(['jobs', folder]);
  expect(listed.stdout.toString()).toContain(`${output}: `);
  expect(listed.stdout.toString()).toMatch(/\d of 12 segments of .*clip\.mkv/);
  const cleaned = await srvid(['jobs', 'clean', output]);
  expect(cleaned.code, cleaned.stderr).toBe(0);
  expect(await readdir(folder)).not.toContain('.stopped.mkv.srvid-job');
  expect((await srvid(['jobs', folder])).stdout.toString()).not.toContain(output);
});

it('other options and another source are refused, with what differs; --no-resume leaves what is kept alone', async () => {
  const source = join(folder, 'source.mkv');
  const output = join(folder, 'other.mkv');
  await copyFile(clip, source);
  const command = [source, output, ...OPTIONS];
  await srvid(command, { onStart: (child) => child.stdout?.on('data', (chunk: Buffer) => chunk.includes('"done":1,') && child.kill('SIGKILL')) });
  const scaled = await srvid([...command, '--scale', '3']);
  expect(scaled.code).toBe(2);
  expect(scaled.stderr).toContain('--scale is 3, and was not given');
  expect(scaled.stderr).toContain('SRVID_JOB_DIFFERS');
  const { mtime } = await stat(source);
  await appendFile(source, 'more');
  expect((await srvid(command)).stderr).toContain('bytes');
  await copyFile(clip, source);
  const file = await open(source, 'r+');
  await file.write(Buffer.from([1]), 0, 1, (await stat(source)).size - 1);
  await file.close();
  await utimes(source, mtime, mtime);
  expect((await srvid(command)).stderr).toContain('has other contents');
  expect(await readdir(jobOf('other.mkv'))).toContain('0000.nut');
  const whole = await srvid([...command, '--no-resume']);
  expect(whole.code, whole.stderr).toBe(0);
  expect(await readdir(jobOf('other.mkv'))).toContain('0000.nut');
});

it('a power cut between writing and renaming, and a piece that was damaged since, cost that segment alone', async () => {
  await stopped('cut.mkv', 'SIGKILL', 4);
  const job = jobOf('cut.mkv');
  await writeFile(join(job, '0004.nut.part'), 'half');
  await writeFile(join(job, 'journal.json.part'), '{"v":1,');
  const piece = await readFile(join(job, '0001.nut'));
  piece[piece.length - 5] = (piece[piece.length - 5] as number) ^ 255;
  await writeFile(join(job, '0001.nut'), piece);
  await rm(join(job, '0002.nut'));
  const { pieces } = JSON.parse((await readFile(join(job, 'journal.json'))).toString()) as { pieces: object };
  const rerun = await srvid([clip, join(folder, 'cut.mkv'), ...OPTIONS]);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)[0]).toBe(Object.keys(pieces).length - 2);
  expect(warningsOf(rerun).filter((message) => /^Segment [23], which/.test(message))).toHaveLength(2);
  expect(await seen(join(folder, 'cut.mkv'))).toEqual(expected);
});

it('where the disk is full at the end, all segments stay, and more room is all that is missing', async () => {
  const output = join(folder, 'full.mkv');
  const largest = (await stat(join(folder, 'whole.mkv'))).size;
  // A limit on the size of files, in KiB, which pieces keep within and the whole does not.
  const limited = ['-c', `ulimit -f ${Math.floor(largest / 2048)}; trap '' XFSZ; exec "$@"`, 'bash', process.execPath, COMMAND, clip, output, ...OPTIONS];
  const failure = (await promisify(execFile)('bash', limited, { maxBuffer: 1 << 26 }).catch((error: unknown) => error)) as { code: number; stdout: string };
  expect(failure.code).toBe(1);
  expect(failure.stdout).toContain('12 of 12 segments are done and kept');
  expect(await readdir(folder)).not.toContain('full.mkv');
  const rerun = await srvid([clip, output, ...OPTIONS]);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)).toEqual([12]);
  expect(await seen(output)).toEqual(expected);
});

it('where segments cannot be, that is said to who asks for them', async () => {
  const toPipe = await srvid([clip, '-', '--format', 'matroska', '--preset', 'bicubic', '--resume', '--duration', '1']);
  expect(toPipe.code).toBe(0);
  expect(toPipe.stderr).toContain('which cannot be gone on with: the output is a stream');
  const short = await srvid([clip, join(folder, 'short.mkv'), '--preset', 'bicubic', '--resume', '--duration', '1', '--json']);
  expect(warningsOf(short).join()).toContain('there is no keyframe to cut it at');
});
