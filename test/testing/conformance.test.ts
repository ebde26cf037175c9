import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPlugin, type PluginReport } from 'srvid/plugin/testing';
import { expect, test } from 'vitest';
import { BUILTIN_PLUGINS } from '../../dist/plugins/registry.js';
import { srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';
import { superResolver } from '../helpers/own-networks.js';
import { pam } from '../helpers/pam.js';

const EXAMPLES = new URL('../../examples/plugins/', import.meta.url);
const WRONG = new URL('../fixtures/wrong-plugins/', import.meta.url);
const folder = await temporaryFolder();
const logo = join(folder, 'logo.pam');
await writeFile(logo, pam(20, 10, [255, 0, 0, 128]));

const failed = ({ checks }: PluginReport) => checks.filter(({ outcome }) => outcome === 'failed');

test.each(BUILTIN_PLUGINS)('srvid’s own plugin %s keeps the contract', async (name) => {
  const report = await checkPlugin(name);
  expect(report.ok, report.text).toBe(true);
  expect(
    report.checks.every(({ outcome }) => outcome === 'passed'),
    report.text,
  ).toBe(true);
});

const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = { 'watermark.js': { file: logo } };
const examples = (await readdir(EXAMPLES)).filter((file) => file.endsWith('.js'));

test.each(examples)('the example %s keeps the contract', async (file) => {
  const report = await checkPlugin(new URL(file, EXAMPLES), { options: OPTIONS[file] ?? {} });
  expect(report.ok, report.text).toBe(true);
  expect(
    report.checks.filter(({ outcome }) => outcome === 'not reached'),
    report.text,
  ).toEqual([]);
});

/** The check that each wrong plugin fails, and the words in which it is told. */
const FAULTS: Readonly<Record<string, readonly [check: string, cause: RegExp]>> = {
  'dishonest-halo': ['halo', /its halo is 0, but pixels .* change when nothing changes within 0 pixels/],
  exits: ['runs', /process\.exit\(0\)/],
  'leaks-frames': ['memory', /its memory grew by \d+ bytes a frame/],
  'mutates-input': ['inputs', /it wrote to the frame that it was given/],
  'never-resolves': ['runs', /did not answer within 500 ms/],
  prints: ['runs', /it prints to standard output.*printed/],
  'throws-at-five': ['runs', /five is too many/],
  'throws-later': ['runs', /threw in a timer .* too late/],
  'undeclared-state': ['state', /state that it does not declare/],
  'wrong-pts': ['pts', /read only property 'pts'/],
  'wrong-scale': ['sizes', /by its scale it gives 192x160/],
  'wrong-version': ['contract', /plugin API 2, and this srvid has 1/],
};

test('every wrong plugin is tried', async () => {
  expect((await readdir(WRONG)).map((file) => file.replace(/\.js$/, '')).toSorted()).toEqual(Object.keys(FAULTS).toSorted());
});

test.each(Object.entries(FAULTS))('the wrong plugin %s fails, and the report names the cause', async (name, [check, cause]) => {
  const report = await checkPlugin(new URL(`${name}.js`, WRONG), { frameTimeoutMs: 500 });
  expect(report.ok).toBe(false);
  const found = failed(report).find((failure) => failure.name === check);
  expect(found, report.text).toBeDefined();
  expect(found?.cause).toMatch(cause);
  expect(found?.remedy).toMatch(/\S.{20,}\.$/);
  expect(report.text).toContain(found?.cause as string);
});

test('a frame that fails is named', async () => {
  const report = await checkPlugin(new URL('throws-at-five.js', WRONG));
  expect(failed(report)).toMatchObject([{ name: 'runs', frame: 5 }]);
});

test.each([
  [
    'leaves half of its result unwritten',
    'scale: 2, process(frame, { allocate }) { const r = allocate(); r.planes[0].data.set(frame.planes[0].data); return r; }',
    'sizes',
    /unwritten/,
  ],
  [
    'draws random numbers',
    'process(frame, { allocate }) { const r = allocate(); r.planes[0].data.fill(256 * Math.random()); return r; }',
    'determinism',
    /chance or the clock/,
  ],
  [
    'reads the clock of the video',
    'process(frame, { allocate }) { const r = allocate(); r.planes[0].data.fill(frame.pts % 200); return r; }',
    'halo',
    /time of the frame/,
  ],
  ['fails in close', "process: (frame) => frame, close() { throw new Error('cannot save'); }", 'close', /close threw: cannot save/],
  [
    'keeps the memory of a frame',
    "state: 'ordered', init: () => ({}), process(frame, { state, allocate }) { const r = allocate(); r.planes[0].data.set((state.last ?? frame.planes[0]).data); state.last = frame.planes[0]; return r; }",
    'state',
    /memory of a frame after its call has ended/,
  ],
  ['takes any option', 'options: { parse: (given) => ({ strength: 1, ...given }) }, process: (frame) => frame', 'options', /noSuchOption/],
  [
    'takes any value',
    'options: { parse({ strength = 1, ...rest }) { for (const name in rest) throw new Error(name); return { strength }; } }, process: (frame) => frame',
    'options',
    /its option strength takes whatever/,
  ],
] as const)('a plugin that %s fails', async (what, members, check, cause) => {
  const path = join(folder, `${what.replaceAll(' ', '-')}.mjs`);
  await writeFile(path, `export default { name: 'wrong', apiVersion: 1, planes: 'y', halo: 0, ${members} };`);
  const report = await checkPlugin(path);
  const causes = failed(report).map(({ name, cause: told }) => [name, told]);
  expect(causes, report.text).toContainEqual([check, expect.stringMatching(cause)]);
});

test('a network of one’s own is checked as any plugin', async () => {
  const model = join(folder, 'x2.onnx');
  await writeFile(model, superResolver({ depth: 1, width: 4 }));
  const report = await checkPlugin(`onnx?model=${model}`);
  expect(report.ok, report.text).toBe(true);
});

test('srvid plugin check prints the report, as JSON too, and ends with 1 where the contract is broken', async () => {
  const good = await srvid(['plugin', 'check', './darken.js'], { cwd: fileURLToPath(EXAMPLES) });
  expect(good.stdout.toString()).toMatch(/^Plugin darken keeps the contract\n {2}ok {10}contract/);
  expect(good.code).toBe(0);
  const bad = await srvid(['plugin', 'check', fileURLToPath(new URL('wrong-scale.js', WRONG)), '--json']);
  expect(bad.events).toMatchObject([{ v: 1, type: 'plugin-check', plugin: 'wrong-scale', ok: false }]);
  expect(bad.code).toBe(1);
});

test('a plugin that is not there, and options that are not its own, are errors of the caller', async () => {
  expect((await failureOf(() => checkPlugin('./none.js'))).code).toBe('SRVID_PLUGIN_UNKNOWN');
  expect((await failureOf(() => checkPlugin('swift', { options: { scale: 9 } }))).code).toBe('SRVID_OPTION_INVALID');
});
