import { access, copyFile, mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { AnyFolderEvent, FileResult, FolderProgressEvent } from '../../dist/folders/events.js';
import { planFolder } from '../../dist/folders/plan-folder.js';
import { runFolder } from '../../dist/folders/run-folder.js';
import { type CommandResult, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, ffprobe, lavfi, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const at = (...parts: string[]) => join(folder, ...parts);
const clip = at('clip.mkv');
const FAST = ['--preset', 'bicubic', '--encoder', 'ffv1'];
/** One file of each kind that fails: no video at all, no file that ffmpeg knows, and nothing. */
const BAD = ['b/sound.mkv', 'b/text.mkv', 'empty.mkv'];
const GOOD = ['a.mkv', 'a/a.mkv', 'a/b.mkv', 'a/c/deep (1).mkv', 'a/c/[x] film.mkv', 'b/1.mkv', 'b/2.mkv', 'b/3.MKV', 'z.mkv'];

beforeAll(async () => {
  await ffmpeg(...lavfi('testsrc2=s=32x24:r=25:d=0.12'), '-c:v', 'ffv1', clip);
  await put('in', GOOD);
  await ffmpeg(...lavfi('sine=d=0.2'), at('in/b/sound.mkv'));
  await writeFile(at('in/b/text.mkv'), 'not a video');
  await writeFile(at('in/empty.mkv'), '');
});

/** Copies the clip to each of these names in a folder. */
async function put(name: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(at(name, file)), { recursive: true });
    await copyFile(clip, at(name, file));
  }
}

const run = (input: string, output: string, ...args: string[]) => srvid([input, output, ...FAST, '--json', ...args], { cwd: folder });

/** The fate of each file, by name. */
function statesOf({ events }: CommandResult): Record<string, string> {
  const files = events.filter(({ type }) => type === 'file') as unknown as FileResult[];
  return Object.fromEntries(files.map(({ name, state, error }) => [name, error?.code ?? state]));
}

const each = (names: readonly string[], state: string) => Object.fromEntries(names.map((name) => [name, state]));
const FAILURES = { 'b/sound.mkv': 'SRVID_INPUT_NO_VIDEO', 'b/text.mkv': 'SRVID_INPUT_UNREADABLE', 'empty.mkv': 'SRVID_INPUT_UNREADABLE' };

test('of 12 files 3 are bad: 9 are done and 3 named, and the same command does the 3 alone, until they are mended', async () => {
  const first = await run('in', 'out', '--report', 'report.json');
  expect(statesOf(first)).toEqual({ ...each(GOOD, 'done'), ...FAILURES });
  expect(first.code).toBe(1);
  expect(first.stderr).toMatch(/3 of 12 files failed: .*b\/text\.mkv \(SRVID_INPUT_UNREADABLE\).*\[SRVID_FILES_FAILED\]/);
  const { streams } = await ffprobe<{ streams: { width: number; nb_read_frames: string }[] }>(at('out/a/c/[x] film.mkv'), '-count_frames', '-show_streams');
  expect(streams.map(({ width, nb_read_frames }) => [width, nb_read_frames])).toEqual([[64, '3']]);
  const report = JSON.parse(await readFile(at('report.json'), 'utf8'));
  expect(report).toEqual(first.events.find(({ type }) => type === 'folder-end'));
  expect([report.counts, report.frames]).toEqual([{ done: 9, skipped: 0, failed: 3, open: 0 }, 27]);

  const times = await Promise.all(GOOD.map(async (name) => (await stat(at('out', name))).mtimeMs));
  const again = await run('in', 'out', '--report', 'report.json');
  expect(statesOf(again)).toEqual({ ...each(GOOD, 'skipped'), ...FAILURES });
  expect(again.code).toBe(1);
  expect(await Promise.all(GOOD.map(async (name) => (await stat(at('out', name))).mtimeMs))).toEqual(times);
  for (const name of BAD)
    await access(at('out', name)).then(
      () => expect.fail(`${name} was written`),
      () => {},
    );

  await rm(at('in/b/sound.mkv'));
  await put('in', ['b/text.mkv', 'empty.mkv']);
  const mended = await srvid(['in', 'out', ...FAST], { cwd: folder });
  expect(mended.code).toBe(0);
  expect(mended.stderr).toMatch(/^a\.mkv +skipped$/m);
  expect(mended.stderr).toMatch(/^b\/text\.mkv +done +3 +\d+\.\d$/m);
  expect(mended.stderr).toMatch(/^11 files: 2 done, 9 skipped, 0 failed; 6 frames in \d+\.\d s$/m);
}, 120_000);

test('an output of other options, of another source or by another hand is left alone, unless -y is given', async () => {
  await put('kept', ['same.mkv', 'source.mkv', 'hand.mkv']);
  expect((await run('kept/*.mkv', 'kept-out')).code).toBe(0);
  await utimes(at('kept/source.mkv'), 1e9, 1e9);
  await copyFile(clip, at('kept-out/hand.mkv'));
  await writeFile(at('kept-out/.srvid-done.jsonl'), '{"v":1,"outp', { flag: 'a' }); // A line as a loss of power leaves it.
  const refused = await run('kept', 'kept-out');
  expect(statesOf(refused)).toEqual({ 'same.mkv': 'skipped', 'source.mkv': 'SRVID_OUTPUT_EXISTS', 'hand.mkv': 'SRVID_OUTPUT_EXISTS' });
  expect(refused.stdout.toString()).toContain('kept-out/hand.mkv exists, and was not made by this command');
  expect(refused.stdout.toString()).toContain('kept-out/source.mkv exists, and was made of another version of its source');
  expect(await readFile(at('kept-out/hand.mkv'))).toEqual(await readFile(clip));
  expect(statesOf(await run('kept', 'kept-out', '-y'))).toEqual({ 'same.mkv': 'skipped', 'source.mkv': 'done', 'hand.mkv': 'done' });
  const other = await run('kept/s*.mkv', 'kept-out', '--scale', '3');
  expect(statesOf(other)).toEqual(each(['same.mkv', 'source.mkv'], 'SRVID_OUTPUT_EXISTS'));
  expect(other.stdout.toString()).toContain('was made with other options');
}, 60_000);

test('Ctrl-C ends it with the table: what is done stays, what was open is not written, and the same command goes on', async () => {
  await put('long', ['1.mkv', '3.mkv']);
  await ffmpeg(...lavfi('testsrc2=s=32x24:r=25:d=200'), '-c:v', 'ffv1', at('long/2.mkv'));
  const { code, stderr } = await srvid(['long', 'long-out', ...FAST, '--duration', '180'], {
    cwd: folder,
    onStart: (child) => {
      child.stderr?.on('data', (chunk: Buffer) => chunk.includes('1.mkv: 3 frames') && child.kill('SIGINT'));
    },
  });
  expect(code).toBe(130);
  expect(stderr).toMatch(/^1\.mkv +done .*\n2\.mkv +not done\n3\.mkv +not done\n3 files: 1 done, 0 skipped, 0 failed, 2 not done;/m);
  expect(stderr).toContain('1 of 3 files were done. The same command goes on with the others. [SRVID_INTERRUPTED]');
  await rm(at('long/2.mkv'));
  expect(statesOf(await run('long', 'long-out', '--duration', '180'))).toEqual({ '1.mkv': 'skipped', '3.mkv': 'done' });
}, 60_000);

test('progress is told over all files, by frames, once each was looked at', async () => {
  await put('counted', ['1.mkv']);
  await ffmpeg(...lavfi('testsrc2=s=32x24:r=25:d=12'), '-c:v', 'ffv1', at('counted/2.mkv'));
  const events: AnyFolderEvent[] = [];
  const request = { input: at('counted'), output: at('counted-out'), preset: 'bicubic', encoder: 'ffv1', progressIntervalMs: 5 };
  await runFolder(request, { onEvent: (event) => events.push(event) });
  const progress = events.filter((event): event is FolderProgressEvent => event.type === 'folder-progress' && event.total !== undefined);
  const last = progress.at(-1);
  expect(last).toMatchObject({ name: '2.mkv', file: 2, files: 2, total: 303 });
  expect(last?.frames).toBeGreaterThan(3);
  expect(last?.etaSeconds).toBeTypeOf('number');
});

test('an output keeps its place and ending; --format sets the ending, and what srvid does not write becomes Matroska', async () => {
  await put('names', ['a.mkv', 'b.wmv', 'c/d.MOV', 'c/.hidden.mkv', 'c/notes.txt', 'e [1]/f.mp4', 'e [1]/x.mkv']);
  await symlink(at('names/c'), at('names/linked'));
  const outputs = async (input: string, format?: string, exclude: string[] = []) =>
    (await planFolder({ input: at(input), output: at('nowhere'), exclude, format })).files.map(({ outputName }) => outputName).sort();
  expect(await outputs('names')).toEqual(['a.mkv', 'b.mkv', 'c/d.MOV', 'e [1]/f.mp4', 'e [1]/x.mkv', 'linked/d.MOV']);
  expect(await outputs('names', 'matroska')).toEqual(['a.mkv', 'b.mkv', 'c/d.mkv', 'e [1]/f.mkv', 'e [1]/x.mkv', 'linked/d.mkv']);
  expect(await outputs('names/e [1]/*.{mp4,mkv}')).toEqual(['f.mp4', 'x.mkv']);
  expect(await outputs('names/*/?.mp4')).toEqual(['e [1]/f.mp4']);
  expect(await outputs('names', undefined, ['**/*.MOV', 'e [[]1]/'])).toEqual(['a.mkv', 'b.mkv']);
});

test.each([
  ['the output folder in the input’s', 'in', 'in/out', 'SRVID_OUTPUT_IN_INPUT'],
  ['the input’s folder as output', 'in/*.mkv', 'in', 'SRVID_OUTPUT_IN_INPUT'],
  ['two files with one output', 'twice', 'refused', 'SRVID_OUTPUT_SHARED'],
  ['a pattern that no file fits', 'in/*.mp4', 'refused', 'SRVID_INPUT_NOT_FOUND'],
  ['a folder without videos', 'empty', 'refused', 'SRVID_INPUT_NOT_FOUND'],
  ['a file as output', 'in', 'clip.mkv', 'SRVID_OUTPUT_UNWRITABLE'],
  ['the name of a file as output', 'in', 'film.mkv', 'SRVID_OUTPUT_UNWRITABLE'],
  ['standard output', 'in', '-', 'SRVID_OUTPUT_UNWRITABLE'],
])('%s is refused before anything is written', async (_, input, output, code) => {
  await mkdir(at('empty'), { recursive: true });
  await put('twice', ['a.mkv', 'a.wmv']);
  expect((await failureOf(() => planFolder({ input: at(input), output: output === '-' ? output : at(output), exclude: [] }))).code).toBe(code);
});

test('an output folder in the input’s is taken where it is excluded, or where the pattern does not look into folders', async () => {
  const planned = async (input: string, exclude: string[]) =>
    (await planFolder({ input: at(input), output: at('nested/out'), exclude })).files.map(({ name }) => name);
  await put('nested', ['a.mkv', 'out/a.mkv', 'out/b/c.mkv']);
  expect(await planned('nested', ['out'])).toEqual(['a.mkv']);
  expect(await planned('nested/*.mkv', [])).toEqual(['a.mkv']);
});

test.each([
  [['clip.mkv', 'x.mkv', '--exclude', 'a'], 'neither a folder nor a pattern'],
  [['in', 'refused', '--watch'], '--watch tries one file'],
  [['in', 'refused', '--preset', 'bicubc'], 'Did you mean "bicubic"?'],
  [['in', 'refused', '--report', 'clip.mkv'], 'clip.mkv exists'],
  [['in/a.mkv', 'in/z.mkv', 'refused'], 'in quotes'],
])('%j is refused at once', async (args, said) => {
  const { code, stderr } = await srvid(args, { cwd: folder });
  expect(stderr).toContain(said);
  expect(code).toBe(2);
  await access(at('refused')).then(
    () => expect.fail('something was written'),
    () => {},
  );
});
