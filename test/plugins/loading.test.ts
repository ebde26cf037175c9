import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPlugin } from '../../dist/plugins/registry.js';
import { endOf, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg } from '../helpers/media.js';

/** A folder far from any node_modules. */
const folder = await mkdtemp(join(tmpdir(), 'srvid-test-far-'));
const body = (name: string) => `definePlugin({ name: '${name}', apiVersion: 1, planes: 'y', halo: 0, process: (frame) => frame })`;
const files: Record<string, string> = {
  'plain.mjs': `import { definePlugin } from 'srvid/plugin';\nexport default ${body('plain')};`,
  'common.cjs': `const { definePlugin } = require('srvid/plugin');\nmodule.exports = ${body('common')};`,
  'transpiled.cjs': `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = { name: 'transpiled', apiVersion: 1, planes: 'y', halo: 0, process: (frame) => frame };`,
  'typed.ts': `import { definePlugin, type Frame } from 'srvid/plugin';\nconst same = (frame: Frame): Frame => frame;\nexport default definePlugin({ name: 'typed', apiVersion: 1, planes: 'y', halo: 0, process: same });`,
  'missing.mjs': `import nothing from 'srvid/nothing';\nexport default nothing;`,
  'package/package.json': JSON.stringify({ name: 'in-package', type: 'module', exports: './lib/index.js' }),
  'package/lib/index.js': `import { definePlugin } from 'srvid/plugin';\nexport default ${body('in-package')};`,
  'node_modules/installed/package.json': JSON.stringify({ name: 'installed', type: 'module', main: 'main.js' }),
  'node_modules/installed/main.js': `import { definePlugin } from 'srvid/plugin';\nexport default ${body('installed')};`,
  'own/plugin.mjs': `import { definePlugin, whose } from 'srvid/plugin';\nexport default { ...${body('own')}, name: whose };`,
  'own/node_modules/srvid/package.json': JSON.stringify({ name: 'srvid', type: 'module', exports: { './plugin': './plugin.js' } }),
  'own/node_modules/srvid/plugin.js': `export const definePlugin = (plugin) => plugin;\nexport const whose = 'its-own-srvid';`,
};
for (const [path, text] of Object.entries(files)) {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}
const input = join(folder, 'in.mkv');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.12', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);

test('plugins that import srvid/plugin run wherever they lie: modules, CommonJS, folders, packages', async () => {
  const uses = ['./plain.mjs', './common.cjs', './transpiled.cjs', './package', 'installed', './own/plugin.mjs'];
  const args = [
    input,
    'out.mkv',
    '--preset',
    'bicubic',
    '--workers',
    '2',
    '--json',
    '--plugin-before',
    './plain.mjs',
    ...uses.flatMap((use) => ['--plugin', use]),
  ];
  const result = await srvid(args, { cwd: folder });
  expect(endOf(result)).toMatchObject({ framesOut: 3 });
  const names = (endOf(result)['stages'] as { name: string }[]).map(({ name }) => name);
  // A plugin that brings a srvid of its own has that one.
  expect(names).toEqual(['decode', 'plain', 'bicubic', 'plain', 'common', 'transpiled', 'in-package', 'installed', 'its-own-srvid', 'encode']);
});

test('an entry that srvid does not have is told as such', async () => {
  const result = await srvid(['plugins', './missing.mjs'], { cwd: folder });
  expect([result.code, result.stderr]).toEqual([2, expect.stringMatching(/missing\.mjs: Package subpath '.\/nothing' is not defined/)]);
});

test('a plugin in TypeScript loads where Node reads it, and elsewhere the user is told what to do', async () => {
  const reads = (process.features as { typescript?: string | false }).typescript;
  if (reads) expect((await findPlugin('./typed.ts', folder)).plugin.name).toBe('typed');
  else
    expect((await failureOf(() => findPlugin('./typed.ts', folder))).message).toMatch(
      /is TypeScript, which this Node, v\S+, does not read. Node 22.18 and later do;.*npx tsc/,
    );
});

test('srvid plugins lists srvid’s own with their options, and those of a path', async () => {
  const text = (await srvid(['plugins'])).stdout.toString();
  expect(text).toMatch(/^abpn: on luma; x2, x3, x4\n {2}ABPN: .*\n {2}scale \(2, 3 or 4; 2 where not given\): output size ÷ input size$/m);
  expect(text).toMatch(/^onnx\n.*\n {2}model \(text\): path of an \.onnx file/m);
  const listed: unknown = JSON.parse((await srvid(['plugins', './package', '--json'], { cwd: folder })).stdout.toString());
  expect(listed).toEqual([{ use: './package', description: '', planes: 'y', ordered: false, options: [] }]);
});

test('a plugin’s function that throws before the first frame is named', async () => {
  const path = join(folder, 'unsized.mjs');
  await writeFile(
    path,
    `export default { name: 'unsized', apiVersion: 1, planes: 'y', halo: 0, scale() { throw new Error('no size') }, process: (frame) => frame };`,
  );
  const result = await srvid([input, 'out2.mkv', '--preset', 'bicubic', '--plugin', path], { cwd: folder });
  expect([result.code, result.stderr]).toEqual([1, expect.stringMatching(/Plugin unsized failed in scale: no size\. \[SRVID_PLUGIN_FAILED\]/)]);
});
