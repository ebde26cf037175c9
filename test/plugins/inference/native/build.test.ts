import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAddon, prebuiltPackage } from '../../../../dist/plugins/inference/native/addon.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'srvid-native-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const node = (args: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } });

/** A folder node_modules/srvid with no more than what looks for the add-on. */
function installedWithoutAddon(version?: string): void {
  const srvid = join(folder, 'node_modules', 'srvid');
  mkdirSync(srvid, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(srvid, 'package.json'));
  if (version) writeFileSync(join(srvid, 'package.json'), JSON.stringify({ name: 'srvid', version, type: 'module' }));
  cpSync(join(ROOT, 'dist', 'plugins', 'inference', 'native'), join(srvid, 'dist', 'plugins', 'inference', 'native'), { recursive: true });
}

const FIND = `import { findAddon } from './node_modules/srvid/dist/plugins/inference/native/addon.js';
const found = findAddon();
console.log(JSON.stringify({ from: found.from, reason: found.reason, kernels: found.addon?.kernels() }));`;
const find = () => {
  const { stdout, stderr } = node(['--input-type=module', '-e', FIND]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as { from?: string; reason?: string; kernels?: readonly string[] };
};

test('without a compiler the build says so in one line, succeeds, and builds nothing', () => {
  const { status, stdout, stderr } = node([join(ROOT, 'scripts', 'build-native.mjs'), folder], { CXX: '/nowhere/c++' });
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toContain('native engine: not built, since there is no C++ compiler');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(existsSync(join(folder, 'srvid-native.node'))).toBe(false);
});

test('a compiler that fails is an error with its own words', () => {
  const compiler = join(folder, 'c++');
  writeFileSync(compiler, '#!/bin/sh\ncase " $* " in *" -c "*) echo "something is wrong in line 7" >&2; exit 1;; esac\n');
  chmodSync(compiler, 0o755);
  const { status, stderr } = node([join(ROOT, 'scripts', 'build-native.mjs'), folder], { CXX: compiler });
  expect(stderr).toContain('something is wrong in line 7');
  expect(status).toBe(1);
});

test('where there is neither a build nor a package, the reason names both', () => {
  installedWithoutAddon();
  expect(find().reason).toBe(`it was not built (no C++ compiler at build time), and the package ${prebuiltPackage()} is not installed`);
});

test('the prebuilt package is written, packed, installed and found, unless it is of another version', () => {
  const packed = node([join(ROOT, 'scripts', 'native-package.mjs'), folder]);
  expect(packed.stderr).toBe('');
  const archive = packed.stdout.trim();
  installedWithoutAddon();
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // npm takes away what no manifest names, so the package is unpacked beside srvid.
  const target = join(folder, 'node_modules', ...prebuiltPackage().split('/'));
  mkdirSync(target, { recursive: true });
  expect(spawnSync('tar', ['-xzf', archive, '-C', target, '--strip-components=1']).status).toBe(0);
  const built = findAddon();
  expect(find()).toEqual({ from: join(target, 'srvid-native.node'), kernels: built.addon?.kernels() });
  installedWithoutAddon('99.0.0');
  expect(find().reason).toMatch(/^the package @srvid\/native-\S+ is of version \S+, and srvid of 99\.0\.0$/);
});
