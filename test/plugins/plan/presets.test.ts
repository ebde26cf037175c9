import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SrvidError } from '../../../dist/errors.js';
import { loadPreset, parsePreset, presetNames } from '../../../dist/plugins/plan/presets.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { fuzzCases } from '../../helpers/random.js';

const folder = await temporaryFolder();
const GOOD = { version: 1, description: 'mine', plugins: [{ use: './mine.js' }] };

test('a name is one of srvid’s own presets, a path is a file', async () => {
  expect(await presetNames()).toContain('bicubic');
  expect((await loadPreset('bicubic')).preset.plugins[0]?.use).toBe('bicubic');
  await writeFile(join(folder, 'mine.json'), JSON.stringify(GOOD));
  const mine = await loadPreset(join(folder, 'mine.json'));
  expect(mine.preset).toEqual({ ...GOOD, plugins: [{ use: './mine.js', options: {} }] });
});

test('paths in a preset file start from its folder', async () => {
  await writeFile(join(folder, 'mine.json'), JSON.stringify(GOOD));
  expect((await loadPreset(join(folder, 'mine.json'))).folder).toBe(folder);
});

test.each(['nothing', './nothing.json', '../package', 'a/b', 'abpn.json', ''])('%j is unknown, and the message names what there is', async (name) => {
  const error = await failureOf(() => loadPreset(name));
  expect(error.code).toBe('SRVID_PRESET_UNKNOWN');
  expect(error.message).toContain('abpn, abpn-rgb, best, bicubic');
});

test.each<[string, string]>([
  ['not JSON', '{'],
  ['another version', JSON.stringify({ ...GOOD, version: 2 })],
  ['no plugins', JSON.stringify({ ...GOOD, plugins: [] })],
  ['a field that nobody knows', JSON.stringify({ ...GOOD, scale: 3 })],
  ['an encoder that is more than a name', JSON.stringify({ ...GOOD, encoder: { name: 'libx264 -y' } })],
  ['an encoder option that is more than a name', JSON.stringify({ ...GOOD, encoder: { name: 'libx264', options: { '-i': 'x' } } })],
  ['a list', '[]'],
  ['far too much', `"${'x'.repeat(1 << 20)}"`],
])('a preset with %s is refused', async (_, text) => {
  const error = await failureOf(() => parsePreset(text, 'mine.json'));
  expect(error.code).toBe('SRVID_PRESET_INVALID');
  expect(error.message).toContain('mine.json');
});

test('whatever a preset file holds, it is read or refused', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.jsonValue().map((plugins) => JSON.stringify({ ...GOOD, plugins })),
      ),
      (text) => {
        try {
          expect(parsePreset(text, 'any').plugins.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(SrvidError);
        }
      },
    ),
    { numRuns: fuzzCases(500) },
  );
});
