import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';
import { superResolver } from '../helpers/own-networks.js';

const folder = await temporaryFolder();
/** A home of its own: env-paths finds the user's folders by these. */
const env = { XDG_DATA_HOME: join(folder, 'data') };
const library = join(folder, 'data', 'srvid', 'models');
await writeFile(join(folder, 'My Net.onnx'), superResolver({ white: 255 }));
await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=32x24:r=25:d=0.08', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', join(folder, 'in.mkv'));
const command = (...args: string[]) => srvid(args, { cwd: folder, env });

test('a network is added, listed, run by its name as by its file, kept from being overwritten, checked, and removed', async () => {
  const added = await command('models', 'add', 'My Net.onnx', '--white', '255', '--licence', 'mine');
  expect([added.code, added.stderr]).toEqual([0, expect.stringMatching(/^added: my-net, x2 on red, green and blue, as .*\. Run it with --model my-net\.\n$/)]);
  const [listed] = (JSON.parse((await command('models', '--json')).stdout.toString()) as Record<string, unknown>[]).filter(({ own }) => own);
  expect(listed).toMatchObject({ id: 'my-net', scale: 2, planes: 'rgb', precision: 'fp32', licence: 'mine', hints: { white: 255 } });

  const flags = ['--encoder', 'ffv1', '--workers', '1', '--json'];
  const byName = await command('in.mkv', 'named.mkv', '--model', 'my-net', ...flags);
  expect(endOf(byName)).toMatchObject({ framesOut: 2 });
  endOf(await command('in.mkv', 'path.mkv', '--model', 'My Net.onnx?white=255', ...flags));
  expect(await rawFrames(join(folder, 'named.mkv'), 'yuv420p')).toEqual(await rawFrames(join(folder, 'path.mkv'), 'yuv420p'));

  const again = await command('models', 'add', 'My Net.onnx');
  expect([again.code, again.stderr]).toEqual([2, expect.stringMatching(/has a network "my-net" already. Give another --name, or -y.*SRVID_OUTPUT_EXISTS/)]);
  const misnamed = await command('models', 'add', 'My Net.onnx', '--name', '../x');
  expect([misnamed.code, misnamed.stderr]).toEqual([2, expect.stringMatching(/SRVID_OPTION_INVALID/)]);
  expect((await command('models', 'add', 'My Net.onnx', '-y')).code).toBe(0);

  const file = join(library, (await readdir(library)).find((name) => name.endsWith('.onnx')) as string);
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(1));
  expect((await command('in.mkv', 'o.mkv', '--model', 'my-net')).stderr).toMatch(/sha256 is .*srvid models remove my-net.*SRVID_MODEL_INVALID/);

  expect((await command('models', 'remove', 'my-nett')).stderr).toMatch(/no network "my-nett": it has my-net. Did you mean "my-net"\?.*SRVID_MODEL_UNKNOWN/);
  expect((await command('models', 'remove', 'my-net')).code).toBe(0);
  expect(await readdir(library)).toEqual(['manifest.json']);
  expect((await command('in.mkv', 'o.mkv', '--model', 'my-net')).stderr).toMatch(/library .* has no network "my-net": it is empty; "srvid models add/);
});
