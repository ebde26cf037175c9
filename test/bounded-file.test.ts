import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parseForeignJson, readBounded } from '../dist/bounded-file.js';
import { readModelFile } from '../dist/onnx/model-file.js';
import { parseSessionOptions } from '../dist/options/session.js';
import { loadModelLibrary } from '../dist/plugins/inference/library.js';
import { loadPreset } from '../dist/plugins/plan/presets.js';
import { parsePluginSpec } from '../dist/plugins/registry.js';
import { loadRelayConfig } from '../dist/relay/config.js';
import { Tokens } from '../dist/relay/server/tokens.js';
import { failureOf } from './helpers/errors.js';
import { temporaryFolder } from './helpers/media.js';

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const WRONG = ['fifo.json', 'folder.json', 'long.json', '/dev/zero'] as const;

beforeAll(async () => {
  execFileSync('mkfifo', [at('fifo.json')]);
  await mkdir(at('folder.json'));
  await writeFile(at('long.json'), ' '.repeat(20 << 20));
});

test('a file is read up to its limit, and not a byte more', async () => {
  await writeFile(at('ten'), '0123456789');
  expect(String(await readBounded(at('ten'), 10))).toBe('0123456789');
  await expect(readBounded(at('ten'), 9)).rejects.toThrow('more than the 9 bytes');
  await writeFile(at('empty'), '');
  expect((await readBounded(at('empty'), 10)).length).toBe(0);
  expect((await readBounded('/proc/self/status', 1 << 20)).length).toBeGreaterThan(100);
});

test.each(WRONG)('%s is refused in words as a preset, a configuration, a list of tokens and a list of models, without waiting', async (name) => {
  const path = name.startsWith('/') ? name : at(name);
  const words = /not a regular file|more than the \d+ bytes/;
  const reads = [
    [() => loadPreset(path), 'SRVID_PRESET_INVALID'],
    [() => loadRelayConfig(path), 'SRVID_RELAY_CONFIG'],
    [() => Tokens.read(path), 'SRVID_TOKENS_INVALID'],
  ] as const;
  for (const [read, code] of reads) {
    const error = await failureOf(read);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  }
  if (name.startsWith('/')) return;
  await mkdir(at(`models-${name}`));
  await symlink(path, at(`models-${name}/manifest.json`));
  const error = await failureOf(() => loadModelLibrary(new URL(`file://${at(`models-${name}`)}/`)));
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toMatch(words);
});

test('a model that is a pipe, a folder or a device is refused without waiting', async () => {
  for (const path of [at('fifo.json'), at('folder.json'), '/dev/zero']) {
    const error = await failureOf(() => readModelFile(path));
    expect(error.code).toBe('SRVID_INPUT_NOT_FOUND');
    expect(error.message).toContain('not a regular file');
  }
});

test('__proto__ is refused by name wherever others name fields', async () => {
  expect(() => parseForeignJson('{"a":{"__proto__":{"x":1}}}')).toThrow('"__proto__"');
  const preset = { version: 1, description: '', plugins: [{ use: 'bicubic', options: {} }] };
  await writeFile(at('proto.json'), JSON.stringify(preset).replace('"options":{}', '"options":{"__proto__":{"scale":3}}'));
  expect((await failureOf(() => loadPreset(at('proto.json')))).message).toContain('"__proto__"');
  const request = { input: 'a', output: 'b', plugins: [parsePluginSpec('bicubic?__proto__=1')].map(({ use, options }) => ({ use, options: { ...options } })) };
  expect((await failureOf(() => parseSessionOptions(request))).message).toContain('--plugin.options: "__proto__"');
});
