import { execFile } from 'node:child_process';
import { appendFile, copyFile, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it, vi } from 'vitest';
import { COMMAND, type CommandResult, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, folderWithClip, lavfi } from '../helpers/media.js';
import { type SeenVideo, seen } from '../helpers/same-video.js';

const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const OPTIONS = ['--preset', 'bicubic', '--encoder', 'ffv1', '--segment', '1', '--workers', '1', '--json'];
// Each runs the command several times.
vi.setConfig({ testTimeout: 300_000 });
let folder = '';
let clip = '';
let expected: SeenVideo;

beforeAll(async () => {
  // FLAC, since AAC begins before 0 in Matroska: where that puts the other times, ffmpeg 9 and an older ffprobe beside it do not agree.
  const coded = ['-preset', 'ultrafast', '-g', '25', '-c:v', 'libx264', '-c:a', 'flac', '-shortest'];
  ({ folder, clip } = await folderWithClip('clip.mkv', 'testsrc2=size=160x90:rate=25:duration=12', '-f', 'lavfi', '-i', 'sine=duration=12', ...coded));
  const whole = join(folder, 'whole.mkv');
  await srvid([clip, whole, ...OPTIONS, '--no-resume']);
  expected = await seen(whole);
});

const jobOf = (name: string) => join(folder, `.${name}.srvid-job`);
const countOf = (result: CommandResult) => result.events.filter(({ type }) => type === 'segments').map(({ done }) => done as number);

/** Runs the command, and ends it by a signal once so many segments or more are done. */
async function stopped(name: string, signal: NodeJS.Signals, done = 2, ...more: string[]): Promise<CommandResult> {
  return srvid([clip, join(folder, name), ...OPTIONS, ...more], {
    onStart: (child) =>
      child.stdout?.on('data', (chunk: Buffer) => {
        // Two segments may be done at once.
        if ([...chunk.toString().matchAll(/"done":(\d+),/g)].some(([, count]) => Number(count) >= done)) child.kill(signal);
      }),
  });
}

/** Runs the command under a limit on the size of each file, which stands for a disk that is full. @returns its failure */
async function withinFileSize(bytes: number, args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const limited = ['-c', `ulimit -f ${Math.floor(bytes / 1024)}; trap '' XFSZ; exec "$@"`, 'bash', process.execPath, COMMAND, ...args];
  return (await promisify(execFile)('bash', limited, { maxBuffer: 1 << 26 }).catch((error: unknown) => error)) as { code: number; stdout: string };
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
  // From five seconds on no frame is done.
  const result = await stopped('stopped.mkv', 'SIGINT', 3, '--plugin', `${FIXTURES}/plugins/fail-at.js?pts=5000&way=wait`);
  expect(result.code).toBe(130);
  expect(result.stderr).toMatch(/[345] of 12 segments are done and kept: the same command goes on from there/);
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
  await srvid(command, { onStart: (child) => child.stdout?.on('data', (chunk: Buffer) => /"done":[1-9]/.test(chunk.toString()) && child.kill('SIGKILL')) });
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

it('a kill just before or after a piece, the journal or the output gets its name costs the segment at work alone', async () => {
  const output = join(folder, 'cut.mkv');
  const command = [clip, output, ...OPTIONS, '--duration', '5', '-y'];
  const whole = join(folder, 'cut-whole.mkv');
  await srvid([clip, whole, ...OPTIONS, '--duration', '5', '--no-resume']);
  const killedAt = async (moment: string) => {
    const { code } = await srvid(command, { env: { NODE_OPTIONS: `--import ${FIXTURES}/programs/killed-at-rename.mjs`, KILLED_AT: moment } });
    expect(code, moment).toBe(137);
    const { spans, pieces } = JSON.parse(await readFile(join(jobOf('cut.mkv'), 'journal.json'), 'utf8')) as { spans: object[]; pieces: object };
    return { kept: Object.keys(pieces), count: spans.length };
  };
  // The journal is written at the beginning, and after each piece.
  const { kept: first, count } = await killedAt('before journal.json 3');
  expect(first).toHaveLength(1);
  // Beside the one at work, the one before may not have ended yet.
  for (const [moment, index] of [
    ['before 0002.nut 1', 2],
    ['after 0003.nut 1', 3],
  ] as const) {
    const { kept } = await killedAt(moment);
    expect(kept).not.toContain(String(index));
    expect(kept.length).toBeGreaterThanOrEqual(index - 1);
  }
  for (const moment of ['before cut.mkv 1', 'after cut.mkv 1']) expect((await killedAt(moment)).kept).toHaveLength(count);
  const rerun = await srvid(command);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)).toEqual([count]);
  expect(await seen(output)).toEqual(await seen(whole));
  expect((await readdir(folder)).filter((file) => file.startsWith('.cut.mkv'))).toEqual([]);
});

it('pieces that were damaged or removed since are made again, and no others', async () => {
  await stopped('damaged.mkv', 'SIGKILL', 4);
  const job = jobOf('damaged.mkv');
  await writeFile(join(job, 'journal.json.part'), '{"v":1,');
  const piece = await readFile(join(job, '0001.nut'));
  piece[piece.length - 5] = (piece[piece.length - 5] as number) ^ 255;
  await writeFile(join(job, '0001.nut'), piece);
  await rm(join(job, '0002.nut'));
  const { pieces } = JSON.parse((await readFile(join(job, 'journal.json'))).toString()) as { pieces: object };
  const rerun = await srvid([clip, join(folder, 'damaged.mkv'), ...OPTIONS]);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)[0]).toBe(Object.keys(pieces).length - 2);
  expect(warningsOf(rerun).filter((message) => /^Segment [23], which/.test(message))).toHaveLength(2);
  expect(await seen(join(folder, 'damaged.mkv'))).toEqual(expected);
});

it('where the disk is full in the middle of a segment, those before it stay, and more room is all that is missing', async () => {
  // Three seconds of gray, which take little room, and three that take more.
  const source = join(folder, 'mixed.mkv');
  const drawn = lavfi("testsrc2=size=160x90:rate=25:duration=6,drawbox=t=fill:c=gray:enable='lt(t,3)'");
  await ffmpeg(...drawn, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p', source);
  const [whole, output] = [join(folder, 'mixed-whole.mkv'), join(folder, 'mixed-cut.mkv')];
  await srvid([source, whole, ...OPTIONS, '--no-resume']);
  const failure = await withinFileSize((await stat(whole)).size / 6, [source, output, ...OPTIONS]);
  expect(failure.code).toBe(1);
  expect(failure.stdout).toMatch(/[23] of 6 segments are done and kept/);
  expect(failure.stdout).toContain('SRVID_ENCODE_FAILED');
  const rerun = await srvid([source, output, ...OPTIONS]);
  expect(rerun.code, rerun.stderr).toBe(0);
  expect(countOf(rerun)[0]).toBeGreaterThanOrEqual(2);
  expect(await seen(output)).toEqual(await seen(whole));
});

it('where the disk is full at the end, all segments stay, and more room is all that is missing', async () => {
  const output = join(folder, 'full.mkv');
  const largest = (await stat(join(folder, 'whole.mkv'))).size;
  const failure = await withinFileSize(largest / 2, [clip, output, ...OPTIONS]);
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
