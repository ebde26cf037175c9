import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, frameHashes, temporaryFolder } from '../helpers/media.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FIXED = ['--scale', '2', '--precision', 'int8', '--workers', '1', '--encoder', 'ffv1', '--json', '-y'];
let folder = '';
let input = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  input = join(folder, 'input.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.2', '-pix_fmt', 'yuv420p', input);
});

async function runBy(engine: string): Promise<{ readonly hashes: readonly string[]; readonly end: Record<string, unknown> }> {
  const output = join(folder, `${engine.replace(':', '-')}.mkv`);
  const end = endOf(await srvid([input, output, ...FIXED, '--engine', engine]));
  return { hashes: await frameHashes(output), end };
}

describe('--engine', () => {
  it('gives the same frames by either engine and any kernel, and says which engine ran', async () => {
    const [ort, native, portable] = [await runBy('ort'), await runBy('native'), await runBy('native:portable')];
    expect(ort.hashes).toHaveLength(5);
    expect([native.hashes, portable.hashes]).toEqual([ort.hashes, ort.hashes]);
    expect(ort.end).toMatchObject({ engine: 'ONNX Runtime', engineReason: 'as asked for' });
    expect(native.end['engine']).toMatch(/^native \([a-z0-9-]+\)$/);
    expect(portable.end).toMatchObject({ engine: 'native (portable)', engineReason: 'as asked for' });
  });

  it.each([
    [
      'another network than int8',
      ['--engine', 'native', '--precision', 'fp32'],
      'SRVID_ENGINE_UNAVAILABLE',
      /does not run abpn-x2-fp32: it is not an int8 network/,
    ],
    ['a kernel that is not there', ['--engine', 'native:abacus'], 'SRVID_ENGINE_UNAVAILABLE', /no kernel "abacus" here\. There are: .*portable/],
    ['another device', ['--engine', 'native', '--device', 'cuda'], 'SRVID_ENGINE_UNAVAILABLE', /--device is cuda/],
    ['another word', ['--engine', 'fast'], 'SRVID_OPTION_INVALID', /an engine is auto, ort, native or native:KERNEL/],
  ])('refuses %s before the first frame', async (_, options, code, message) => {
    const result = await srvid([input, join(folder, 'none.mkv'), '--scale', '2', ...options]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(code);
    expect(result.stderr).toMatch(message);
  });
});

describe('without the add-on, or with one that cannot be loaded', () => {
  let bare = '';

  beforeAll(async () => {
    bare = join(folder, 'installed');
    await mkdir(bare);
    await cp(join(ROOT, 'dist'), join(bare, 'dist'), { recursive: true, filter: (path) => !path.startsWith(join(ROOT, 'dist', 'native')) });
    for (const name of ['node_modules', 'models', 'presets', 'package.json']) await symlink(join(ROOT, name), join(bare, name));
  });

  const bareSrvid = (...args: string[]) => srvid(args, { command: join(bare, 'dist', 'cli', 'main.js') });

  it.each(['missing', 'damaged'])('%s: nothing is said, and the frames are the same', async (what) => {
    if (what === 'damaged') {
      await mkdir(join(bare, 'dist', 'native'), { recursive: true });
      await writeFile(join(bare, 'dist', 'native', 'srvid-native.node'), 'no add-on');
    }
    const output = join(folder, `${what}.mkv`);
    const result = await bareSrvid(input, output, ...FIXED);
    expect(result.stderr).toBe('');
    expect(result.events.map(({ type }) => type)).not.toContain('measuring');
    expect(endOf(result)).toMatchObject({ engine: 'ONNX Runtime', engineReason: 'the native engine is not there' });
    expect(await frameHashes(output)).toEqual((await runBy('ort')).hashes);
    const doctor = await bareSrvid('doctor');
    expect(doctor.stdout.toString()).toMatch(/^ok {3}native engine: not there: .*\n {5}Optional: /m);
  });
});
