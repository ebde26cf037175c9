import { access, readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { presetSchema } from '../../dist/options/preset.js';
import { presetNames } from '../../dist/plugins/plan/presets.js';
import { BUILTIN_PLUGINS, findPlugin, withOptions } from '../../dist/plugins/registry.js';

const ROOT = new URL('../../', import.meta.url);
const read = async (path: string) => readFile(new URL(path, ROOT), 'utf8');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly files: readonly string[];
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
}
const manifest: Manifest = JSON.parse(await read('package.json'));

test('every export of the package is a file after the build', async () => {
  const targets = Object.values(manifest.exports).flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)));
  expect(targets.length).toBeGreaterThan(3);
  for (const target of targets) await access(new URL(target, ROOT));
});

test('the package can be imported by its name, whole and for plugins', async () => {
  const whole = await import('srvid');
  const forPlugins = await import('srvid/plugin');
  expect(whole.runSession).toBeTypeOf('function');
  expect(whole.packageVersion()).toBe(manifest.version);
  expect(forPlugins.definePlugin).toBeTypeOf('function');
});

test('the command is a program', async () => {
  const path = manifest.bin['srvid'] as string;
  expect(await read(path)).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect((await stat(new URL(path, ROOT))).mode & 0o111, 'not executable: npm run build makes it so').toBeGreaterThan(0);
});

test('the files of every script are there', async () => {
  const named = Object.values(manifest.scripts).flatMap((script) => [...script.matchAll(/[\w./-]+\.(?:mjs|js|json)\b/g)].map(([path]) => path));
  expect(named.length).toBeGreaterThan(0);
  for (const path of named) await access(new URL(path, ROOT));
});

test('every dependency is at one exact version', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
});

test('a new plugin is developed with the compiler that srvid is built by', async () => {
  expect(await read('src/scaffold/new-plugin.ts')).toContain(`TYPESCRIPT = '${manifest.devDependencies['typescript']}'`);
});

test('every preset is valid, names plugins that there are, and describes itself', async () => {
  const names = await presetNames();
  expect(names).toContain('abpn');
  for (const name of names) {
    const preset = presetSchema.parse(JSON.parse(await read(`presets/${name}.json`)));
    expect(preset.description.length).toBeGreaterThan(10);
    for (const { use, options } of preset.plugins) {
      // Of several, those that are not there yet are passed over; one must be.
      const there = [use].flat().filter((name) => typeof use === 'string' || (BUILTIN_PLUGINS as readonly string[]).includes(name));
      expect(there).not.toEqual([]);
      for (const name of there) withOptions(await findPlugin(name, fileURLToPath(new URL('presets/', ROOT))), options);
    }
  }
});

test('every folder of models, presets and source is text and models, nothing left behind', async () => {
  for (const path of await readdir(new URL('presets/', ROOT))) expect(path).toMatch(/\.json$/);
  for (const path of await readdir(new URL('src/', ROOT), { recursive: true }))
    expect(path).toMatch(/^[a-z0-9-]+(\/[a-z0-9-]+)*(\.(ts|html|css|svg|cc|h)|\/tsconfig\.json)?$/);
});
