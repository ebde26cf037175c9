import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../dist/plugins/inference/library.js';
import { endOf, srvid } from '../helpers/command.js';
import { fakeProgram } from '../helpers/fake-program.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';
import { FFMPEG, FFPROBE } from '../helpers/programs.js';

const FAULTY = fileURLToPath(new URL('../fixtures/processes/faulty-ffmpeg.sh', import.meta.url));

describe('srvid models', () => {
  it('lists every installed network with what it costs and what it gains', async () => {
    const { code, stdout } = await srvid(['models']);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/abpn-x3-int8 +x3 +luma +37\.6k +37\.5k +\d+\.\d\d dB +\+\d\.\d\d dB/);
  });

  it('has a line for each network of the manifest', async () => {
    const models = JSON.parse((await srvid(['models', '--json'])).stdout.toString()) as ModelEntry[];
    const lines = (await srvid(['models'])).stdout.toString().split('\n');
    for (const { id, scale, planes, parameters, macsPerPixel, measured } of models) {
      const line = lines.find((text) => text.startsWith(`${id} `));
      const gain = measured['kodak'] && `+${measured['kodak'].gain.toFixed(2)} dB`;
      for (const figure of [
        scale === undefined ? (planes === 'yuv' ? 'luma and chroma' : 'luma') : `x${scale}`,
        `${(parameters / 1000).toFixed(1)}k`,
        `${(macsPerPixel / 1000).toFixed(1)}k`,
        gain ?? '',
      ])
        expect(line).toContain(figure);
    }
  });

  it('gives the whole manifest as JSON', async () => {
    const models = JSON.parse((await srvid(['models', '--json'])).stdout.toString()) as { id: string; halo: number }[];
    expect(models.find((model) => model.id === 'abpn-x3-int8')).toMatchObject({ family: 'abpn', scale: 3, precision: 'int8', halo: 7 });
  });
});

it('srvid presets lists each preset and its plugins', async () => {
  const { code, stdout } = await srvid(['presets']);
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/^abpn +abpn /m);
  expect(stdout.toString()).toMatch(/^bicubic +bicubic /m);
  expect(stdout.toString()).toMatch(/^xlsr +xlsr /m);
});

describe('srvid doctor', () => {
  it('finds everything in order on a machine that is', async () => {
    const { code, stdout } = await srvid(['doctor', '--json']);
    const { checks } = JSON.parse(stdout.toString()) as { checks: { what: string; ok: boolean }[] };
    expect(code).toBe(0);
    for (const what of ['Node', 'CPU', 'ffmpeg', "srvid's ffmpeg commands", 'encoder libx264', 'ONNX Runtime', 'models'])
      expect(checks.find((check) => check.what === what)).toMatchObject({ ok: true });
  });

  it('says which versions of ffmpeg are tested, and runs the commands of a run on this one', async () => {
    const { code, stdout } = await srvid(['doctor']);
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^ok {3}srvid's ffmpeg commands: run as they should with \S+; srvid is tested with ffmpeg 5\.1, .*9\.0/m);
  });

  it.each([
    ['decoder-fails', /SRVID_DECODE_FAILED/],
    ['trial-fails', /SRVID_ENCODE_FAILED/],
    ['colours-lost', /colours .* came out as unknown,unknown,unknown,tv instead of bt709,bt709,bt709,tv.*SRVID_FFMPEG_UNFIT/],
  ])('names an ffmpeg that cannot do what it has to: %s', async (FAULT, message) => {
    const { code, stdout } = await srvid(['doctor'], { env: { FFMPEG_PATH: FAULTY, FAULT, REAL_FFMPEG: FFMPEG } });
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/^MISSING srvid's ffmpeg commands: .*\n.*tested with ffmpeg 5\.1/m);
    expect(stdout.toString()).toMatch(message);
  });

  it('tells an ffprobe of another version than the ffmpeg', async () => {
    const other = `if (process.argv[2] === '-version') console.log('ffprobe version 6.6');
      else process.exitCode = require('node:child_process').spawnSync(${JSON.stringify(FFPROBE)}, process.argv.slice(2), { stdio: 'inherit' }).status;`;
    const { code, stdout } = await srvid(['doctor'], { env: { FFPROBE_PATH: await fakeProgram(await temporaryFolder(), 'ffprobe', other) } });
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^ok {3}ffmpeg: .*\n.*Its ffprobe is 6\.6\. .*FFPROBE_PATH/m);
  });

  it('refuses an ffmpeg that is too old, as a run does', async () => {
    const { code, stdout } = await srvid(['doctor'], { env: { FFMPEG_PATH: FAULTY, FAULT: 'old' } });
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/^MISSING ffmpeg: Found ffmpeg 4\.2\.7 .*5\.1 or newer.*SRVID_FFMPEG_TOO_OLD/m);
  });

  it('says how to get an ffmpeg that is missing', async () => {
    const { code, stdout } = await srvid(['doctor'], { env: { FFMPEG_PATH: '/nowhere/ffmpeg' } });
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/MISSING ffmpeg: .*\/nowhere\/ffmpeg.*apt install ffmpeg/);
  });
});

it('srvid --version prints the version of the package', async () => {
  const { version } = (await import('../../package.json', { with: { type: 'json' } })).default;
  expect((await srvid(['--version'])).stdout.toString().trim()).toBe(version);
});

it('runs the example plugin: the luma is four fifths, the chroma as it was', async () => {
  const folder = await temporaryFolder();
  const input = join(folder, 'gray.mkv');
  const output = join(folder, 'dark.mkv');
  const darken = fileURLToPath(new URL('../../examples/plugins/darken.js', import.meta.url));
  await ffmpeg('-f', 'lavfi', '-i', 'color=0x808080:s=32x32:r=5:d=0.4', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
  const [before] = await rawFrames(input, 'yuv420p');
  endOf(await srvid([input, output, '--preset', 'bicubic', '--plugin', darken, '--encoder', 'ffv1', '--json']));
  const after = await rawFrames(output, 'yuv420p');
  expect(new Set(after.subarray(0, 64 * 64))).toEqual(new Set([Math.trunc((before as number) * 0.8)]));
  expect(new Set(after.subarray(64 * 64, 64 * 64 * 1.5))).toEqual(new Set([128]));
});
