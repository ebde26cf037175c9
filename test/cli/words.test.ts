import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { plotPsnr } from '../../dist/eval/plot.js';
import type { Evaluation } from '../../dist/eval/report.js';
import { runSession } from '../../dist/index.js';
import { inWordsOfPrograms, POLICIES } from '../../dist/options/table.js';
import { ownIdentity } from '../../dist/pipeline/output/process-identity.js';
import { deadFolders, makeTemporaryFolder, removeDeadFolders } from '../../dist/pipeline/output/temporary-folder.js';
import { DROP_POLICY_NAMES } from '../../dist/pipeline/policies/drop-policies.js';
import { didYouMean } from '../../dist/similar-name.js';
import { srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, folderWithClip } from '../helpers/media.js';

const models = fileURLToPath(new URL('../../models/', import.meta.url));
const bicubic = ['--preset', 'bicubic'];
let folder = '';
let clip = '';

beforeAll(async () => {
  ({ folder, clip } = await folderWithClip('clip.mp4', 'testsrc2=s=64x48:r=25:d=0.2'));
});

test('the nearest name is proposed, and none where none is near', () => {
  const known = ['abpn', 'bicubic', 'fast', 'live-1080p', 'swift'];
  const proposed = ['abpm', 'bicubi', 'fats', 'FAST', 'live', 'swfit', 'xlsr', 'a', 'nosuch'].map((typed) => didYouMean(typed, known));
  const names = ['abpn', 'bicubic', 'fast', 'fast', 'live-1080p', 'swift'].map((name) => ` Did you mean "${name}"?`);
  expect(proposed).toEqual([...names, '', '', '']);
});

describe('srvid bench refuses at once', () => {
  test.each([
    [['nope.mp4'], 'nope.mp4 does not exist'],
    [['--frames', '0'], 'Expected a whole number from 1'],
    [['--runs', '0'], 'Expected a whole number from 1'],
    [['--scale', '0'], 'Expected a number above 0'],
    [['--preset', 'swfit'], 'Did you mean "swift"?'],
  ])('%j', async (args, said) => {
    const { code, stdout, stderr } = await srvid(['bench', ...args], { cwd: folder });
    expect([code, stdout.toString()]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });
});

test.each([
  ['docter', 'There is no command "docter". Did you mean "doctor"?'],
  ['in.mp4', ''],
])('the command line %s lacks an output; the command that was meant is proposed', async (word, said) => {
  const { code, stderr } = await srvid([word]);
  expect([code, stderr]).toEqual([2, `error: missing required argument 'output'\nRun srvid --help for the options.\n${said && `${said}\n`}`]);
});

it('lower refuses a float network, and writes nothing', async () => {
  const output = join(folder, 'lowered.onnx');
  const { code, stderr } = await srvid(['lower', join(models, 'abpn-x2-fp32.onnx'), output]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/is a float network: nothing in it is quantised.*\[SRVID_MODEL_UNSUPPORTED\]/);
  expect(existsSync(output)).toBe(false);
});

it('a device that is not there is told in one line, without the runtime’s own', async () => {
  const { code, stderr } = await srvid([clip, join(folder, 'cuda.mp4'), '--device', 'cuda', '--workers', '1', '--precision', 'int8']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^srvid: Tried to run networks on the device "cuda"[^\n]*\[SRVID_DEVICE_UNAVAILABLE\]\n$/);
});

it('an error of the command line is JSON on standard error where the video goes to standard output', async () => {
  const { stdout, stderr } = await srvid([clip, '-', '--format', 'matroska', '--json', '--scale', 'two']);
  expect(stdout.toString()).toBe('');
  expect(stderr).toMatch(/^\{"v":1,"type":"error","code":"SRVID_OPTION_INVALID"/m);
});

it('a height below the source’s says what becomes of the frames', async () => {
  const { code, stderr } = await srvid([clip, join(folder, 'small.mp4'), '--preset', 'swift', '--height', '32', '-y']);
  expect(code).toBe(0);
  expect(stderr).toContain("warning: The output is 42x32, smaller than the source's 64x48: each frame is enlarged to 128x96 and then reduced to that.");
});

test.each(['2x2', '8x6', '16x8'])('an interlaced source of %s pixels is processed', async (size) => {
  const input = join(folder, `interlaced-${size}.mkv`);
  await ffmpeg(
    ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=25:d=0.2`],
    '-pix_fmt',
    'yuv420p',
    '-vf',
    'setfield=tff',
    '-c:v',
    'ffv1',
    '-field_order',
    'tt',
    input,
  );
  const { code, stderr } = await srvid([input, join(folder, `out-${size}.mkv`), ...bicubic, '--encoder', 'ffv1', '-y']);
  expect([code, stderr]).toEqual([0, expect.stringMatching(size === '16x8' ? /joined to one picture/ : /too small to be deinterlaced/)]);
});

describe('errors and warnings for programs', () => {
  it('name options as programs have them', async () => {
    const kept = join(folder, 'kept.mp4');
    await writeFile(kept, 'mine');
    expect((await failureOf(() => runSession({ input: clip, output: kept, preset: 'bicubic' }))).message).toContain('Give overwrite: true to overwrite it');
    expect(await readFile(kept, 'utf8')).toBe('mine');
  });

  test('every flag becomes a name, and nothing else does', () => {
    expect(inWordsOfPrograms('Give --salvage to keep it, --max-pixels 9 or -y; not a-y, --salvaged or --yes-no.')).toBe(
      'Give salvage: true to keep it, maxPixels 9 or overwrite: true; not a-y, --salvaged or --yes-no.',
    );
  });
});

test('the help of --policy names every policy', () => {
  for (const name of DROP_POLICY_NAMES) expect(POLICIES).toContain(name);
});

describe('the plot of an evaluation', () => {
  const plotOf = (psnrs: readonly number[], kind: Evaluation['kind'] = 'pictures') => {
    const score = (psnr: number) => ({ method: 'srvid', psnr, ssim: 1, gain: 0, lumaShift: 0 });
    const items = psnrs.map((psnr, index) => ({
      item: kind === 'clip' ? index / 25 : `${index}.png`,
      scores: { srvid: score(psnr), bicubic: score(psnr - 1.3) },
    }));
    return plotPsnr({ kind, preset: 'abpn', scale: 2, scores: [score(30), { ...score(29), method: 'bicubic' }], items } as unknown as Evaluation);
  };
  const ticksOf = (svg: string, anchor: string) =>
    [...svg.matchAll(new RegExp(`text-anchor="${anchor}">([-\\d.]+)<`, 'g'))].map((match) => Number(match[1])).filter(Number.isFinite);

  test.each([1, 2, 3, 25])('of %d pictures has ticks at pictures only', (count) => {
    const svg = plotOf(Array.from({ length: count }, (_, index) => 30 + index / 7));
    const ticks = ticksOf(svg, 'middle');
    expect(ticks.length).toBeGreaterThan(0);
    for (const tick of ticks) expect(Number.isInteger(tick)).toBe(true);
  });

  test.each([[[31.7, 33.49]], [[20, 59.9, 80]], [[30, 30]]])('has every value between two ticks: %j', (psnrs) => {
    const ticks = ticksOf(plotOf(psnrs, 'clip'), 'end');
    const levels = psnrs.flatMap((psnr) => [psnr, psnr - 1.3]).map((psnr) => Math.min(60, psnr));
    expect(Math.max(...ticks)).toBeGreaterThanOrEqual(Math.max(...levels));
    expect(Math.min(...ticks)).toBeLessThanOrEqual(Math.min(...levels));
  });
});

describe('temporary folders', () => {
  /** A folder as a killed run leaves it. */
  async function left(name: string, change: object = {}): Promise<string> {
    const path = join(tmpdir(), name);
    await mkdir(path);
    await writeFile(join(path, 'owner.json'), JSON.stringify({ ...(await ownIdentity()), ...change }));
    await writeFile(join(path, '3'), 'a cover');
    return path;
  }

  it('of runs that were killed are named by doctor and removed by the next run; others stay', async () => {
    // A temporary folder of its own: any other run of srvid would tidy up in the common one.
    const usual = process.env['TMPDIR'];
    process.env['TMPDIR'] = join(folder, 'temporary');
    await mkdir(join(folder, 'temporary'));
    const dead = await left('srvid-cover-deadAA', { began: '1' });
    const foreign = await left('srvid-cover-foreiA', { host: 'another' });
    const unknown = join(tmpdir(), 'srvid-cover-unknoA');
    await mkdir(unknown);
    const link = join(tmpdir(), 'srvid-cover-linkAA');
    await symlink(dead, link);
    const own = await makeTemporaryFolder('cover');
    const others = [foreign, unknown, link, own];
    try {
      const paths = (await deadFolders()).map(({ path }) => path);
      expect(paths).toContain(dead);
      for (const other of others) expect(paths).not.toContain(other);
      expect((await srvid(['doctor', folder])).stdout.toString()).toContain(dead);
      await srvid([clip, join(folder, 'tidy.mp4'), ...bicubic, '-y']);
      expect([dead, foreign, unknown, own].map((path) => existsSync(path))).toEqual([false, true, true, true]);
      await removeDeadFolders();
    } finally {
      if (usual === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = usual;
    }
  });
});
