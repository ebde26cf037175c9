import { execFileSync } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { BUILTIN_PLUGINS, findPlugin, parsePluginSpec, validateOptions } from '../../dist/plugins/registry.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';
import { planned } from '../helpers/plugins.js';

const folder = await temporaryFolder();
const GOOD = `export default { name: 'good', apiVersion: 1, planes: 'y', halo: 0, process: (frame) => frame };`;

async function write(path: string, content: string): Promise<string> {
  const whole = join(folder, path);
  await mkdir(join(whole, '..'), { recursive: true });
  await writeFile(whole, content);
  return whole;
}

test.each([
  ['abpn', 'abpn', {}],
  ['abpn?scale=3', 'abpn', { scale: 3 }],
  ['./a b.js?strength=0.5&mode=soft&on=true&off=false&none=null', './a b.js', { strength: 0.5, mode: 'soft', on: true, off: false, none: null }],
  ['@scope/name?list=[1,2]&text="3"', '@scope/name', { list: [1, 2], text: '3' }],
  ['x?a=b%26c&empty=', 'x', { a: 'b&c', empty: '' }],
  ['x?', 'x', {}],
  ['x?a=1?2', 'x', { a: '1?2' }],
])('%s names a plugin and its options', (spec, use, options) => {
  expect(parsePluginSpec(spec)).toEqual({ use, options });
});

test('no text is too odd for a plugin’s name', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { use, options } = parsePluginSpec(text);
      expect(text.startsWith(use)).toBe(true);
      expect(Object.getPrototypeOf(options)).toBe(Object.prototype);
    }),
  );
});

test('srvid’s own plugins are found by name, from anywhere', async () => {
  for (const name of BUILTIN_PLUGINS) expect((await findPlugin(name, '/')).plugin.name).toBe(name);
});

test('a file is found by its path, from the folder of the preset', async () => {
  const path = await write('files/good.mjs', GOOD);
  for (const use of ['./good.mjs', 'good.mjs', path, '../files/good.mjs']) {
    const found = await findPlugin(use, join(folder, 'files'));
    expect(found.module).toBe(pathToFileURL(path).href);
    expect(found.plugin.name).toBe('good');
  }
});

test.each<[string, object, string]>([
  ['main', { type: 'module', main: './lib/plugin.js' }, 'lib/plugin.js'],
  ['exports-text', { type: 'module', exports: './plugin.js', main: './other.js' }, 'plugin.js'],
  ['exports-table', { type: 'module', exports: { '.': './plugin.js' } }, 'plugin.js'],
  ['exports-conditions', { type: 'module', exports: { '.': { types: './plugin.d.ts', import: './plugin.js' } } }, 'plugin.js'],
  ['exports-nested', { type: 'module', exports: { import: { types: './plugin.d.ts', default: './plugin.js' } } }, 'plugin.js'],
  ['neither', { type: 'module' }, 'index.js'],
])('a folder with a package.json (%s) and an installed package are found', async (name, manifest, entry) => {
  for (const place of [`folders/${name}`, `folders/node_modules/srvid-${name}`]) {
    await write(`${place}/package.json`, JSON.stringify({ name: `srvid-${name}`, version: '1.0.0', ...manifest }));
    await write(`${place}/${entry}`, GOOD);
  }
  expect((await findPlugin(`./${name}`, join(folder, 'folders'))).plugin.name).toBe('good');
  expect((await findPlugin(`srvid-${name}`, join(folder, 'folders'))).plugin.name).toBe('good');
});

test.each(['nobody', './nobody.js', 'nobody.js', '@nobody/at-all', '/nowhere/nobody.js', ''])(
  '%j is unknown, and the message says where it was looked for',
  async (use) => {
    const error = await failureOf(() => findPlugin(use, folder));
    expect(error.code).toBe('SRVID_PLUGIN_UNKNOWN');
    expect(error.message).toContain(isAbsolute(use) ? use : folder);
    expect(error.message).toContain('abpn, abpn-rgb, best, bicubic');
  },
);

test('a folder without package.json is not a plugin', async () => {
  await mkdir(join(folder, 'bare'), { recursive: true });
  expect((await failureOf(() => findPlugin('./bare', folder))).code).toBe('SRVID_PLUGIN_INVALID');
});

const parts = { name: `'x'`, apiVersion: '1', planes: `'y'`, halo: '0', process: '() => {}' };
const plugin = (changes: Record<string, string | undefined>) =>
  `export default { ${Object.entries({ ...parts, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')} };`;

test.each<[string, string, RegExp]>([
  ['does not parse', 'export default {', /Unexpected|Tried to load/],
  ['throws when imported', `throw new Error('no display')`, /no display/],
  ['imports what is not there', `import 'nobody-at-all'; ${GOOD}`, /nobody-at-all/],
  ['has no default export', 'export const plugin = {};', /default export/],
  ['exports a function', 'export default () => {};', /default export/],
  ['has no name', plugin({ name: undefined }), /no name/],
  ['has an empty name', plugin({ name: `''` }), /no name/],
  ['is for another API', plugin({ apiVersion: '2' }), /API 2.*has 1/],
  ['says no API', plugin({ apiVersion: undefined }), /API undefined/],
  ['has no process', plugin({ process: undefined }), /"process"/],
  ['reads planes that there are not', plugin({ planes: `'cmyk'` }), /"cmyk".*'y', 'yuv' or 'rgb'/],
  ['has a halo below zero', plugin({ halo: '-1' }), /"halo" is -1/],
  ['has half a pixel of halo', plugin({ halo: '0.5' }), /"halo" is 0.5/],
  ['does not say its halo', plugin({ halo: undefined }), /"halo"/],
  ['wants a window without end', plugin({ window: '{ past: 1000, future: 0 }' }), /"window"/],
  ['wants half a frame of window', plugin({ window: '{ past: 0, future: 0.5 }' }), /"window"/],
])('a module that %s is refused, and the message says so', async (what, source, complaint) => {
  await write(`invalid/${what.replaceAll(' ', '-')}.mjs`, source);
  const error = await failureOf(() => findPlugin(`./${what.replaceAll(' ', '-')}.mjs`, join(folder, 'invalid')));
  expect(error.code).toBe('SRVID_PLUGIN_INVALID');
  expect(error.message).toMatch(complaint);
});

test('options are what the plugin’s schema makes of them', () => {
  const options = z.strictObject({ strength: z.number().min(0).max(1).default(0.5) });
  expect(validateOptions(planned({ options }).plugin, {})).toEqual({ strength: 0.5 });
  expect(validateOptions(planned({ options }).plugin, { strength: 1 })).toEqual({ strength: 1 });
});

test('options that the schema refuses are named with the plugin', async () => {
  const options = z.strictObject({ strength: z.number().min(0).max(1).default(0.5) });
  for (const given of [{ strength: 2 }, { strength: 'much' }, { strenght: 1 }]) {
    const error = await failureOf(() => validateOptions(planned({ name: 'sharpen', options }).plugin, given));
    expect(error.code).toBe('SRVID_OPTION_INVALID');
    expect(error.message).toMatch(/sharpen.*stren/);
  }
});

test('a plugin without options takes none', async () => {
  expect(validateOptions(planned({}).plugin, {})).toEqual({});
  expect((await failureOf(() => validateOptions(planned({}).plugin, { scale: 2 }))).message).toContain('scale');
});

test('what would be read without end in place of a plugin is refused without an import', async () => {
  const [fifo, long] = [join(folder, 'fifo.js'), await write('long.js', GOOD)];
  execFileSync('mkfifo', [fifo]);
  await truncate(long, 2 ** 27);
  await mkdir(join(folder, 'package-of-a-pipe'), { recursive: true });
  execFileSync('mkfifo', [join(folder, 'package-of-a-pipe', 'package.json')]);
  for (const use of [fifo, '/dev/zero', long, join(folder, 'package-of-a-pipe')]) {
    const error = await failureOf(() => findPlugin(use, folder));
    expect(error).toMatchObject({ code: 'SRVID_PLUGIN_INVALID', message: expect.stringMatching(/a device, a pipe or a socket|more than \d+ bytes/) });
  }
});
