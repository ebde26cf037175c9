import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { LevelController } from '../../../dist/pipeline/engine/realtime/level-controller.js';
import { ServiceTimes } from '../../../dist/pipeline/engine/realtime/service-times.js';
import type { PixelFormat } from '../../../dist/pipeline/frames/frame.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { modelsOfGroups, outputSize } from '../../../dist/plugins/plan/groups.js';
import { planLevels } from '../../../dist/plugins/plan/levels.js';
import { endOf, srvid } from '../../helpers/command.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';
import { loadChain } from '../../helpers/plugins.js';

const folder = await temporaryFolder();
const shipped = await loadModelLibrary();
const abpn = shipped.resolve({ family: 'abpn', scale: 3 }, 'int8');

/** A library in which a cheaper family is installed, too: the same network under another name. */
const cheaper: ModelEntry = { ...abpn, id: 'xlsr-x3-int8', family: 'xlsr', macsPerPixel: Math.round(abpn.macsPerPixel / 3) };
const library = new ModelLibrary(pathToFileURL(`${folder}/`), [cheaper, abpn]);
await copyFile(fileURLToPath(new URL(abpn.file, shipped.folder)), join(folder, abpn.file));
await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: 1, models: library.models }));

async function planned(
  specs: readonly string[],
  {
    levels,
    installed = library,
    kind = 'yuv420p' as PixelFormat,
    mostMacs,
  }: { levels?: string[]; installed?: ModelLibrary; kind?: PixelFormat; mostMacs?: number } = {},
) {
  const chain = { plugins: await loadChain(specs, installed) };
  return planLevels(
    chain,
    { budgetMs: 100, policy: 'bypass', levels },
    { library: installed, precision: 'int8', format: { kind, width: 64, height: 36 }, mostMacs },
  );
}

const namesOf = ({ levels }: { levels: readonly { readonly name: string }[] }) => levels.map(({ name }) => name);

test('a chain’s own network is the best level, and what is installed and cheaper comes below it', async () => {
  expect(namesOf(await planned(['abpn?scale=3']))).toEqual(['abpn', 'xlsr']);
  expect(namesOf(await planned(['xlsr?scale=3']))).toEqual(['xlsr']);
  expect(namesOf(await planned(['abpn?scale=3'], { installed: shipped }))[0]).toBe('abpn');
});

test('named levels are those and no others, the dearest first in whatever order they are named', async () => {
  expect(namesOf(await planned(['abpn?scale=3'], { levels: ['xlsr', 'abpn'] }))).toEqual(['abpn', 'xlsr']);
  const { levels, missing } = await planned(['abpn?scale=3'], { levels: ['best', 'xlsr', 'better'] });
  expect(levels.map(({ name }) => name)).toEqual(['xlsr']);
  expect(missing).toEqual(['best: not installed for this scale', 'better: not installed']);
});

test('a level above the chain’s own that this machine cannot keep up is left out, and told; the others stay', async () => {
  const options = { levels: ['abpn', 'xlsr'], installed: library };
  const own = cheaper.macsPerPixel * 64 * 36;
  expect(namesOf(await planned(['xlsr?scale=3'], { ...options, mostMacs: 4 * own }))).toEqual(['abpn', 'xlsr']);
  const slow = await planned(['xlsr?scale=3'], { ...options, mostMacs: own / 2 });
  expect([namesOf(slow), slow.missing]).toEqual([['xlsr'], ['abpn: too slow on this machine']]);
});

test('a level that costs more by its multiplications stands above', async () => {
  const { levels } = await planned(['abpn?scale=3']);
  expect(levels.map(({ macs }) => macs)).toEqual([abpn.macsPerPixel * 64 * 36, cheaper.macsPerPixel * 64 * 36]);
});

test('every level and the bypass give frames of one format, whatever else is in the chain', async () => {
  for (const specs of [
    ['abpn?scale=3'],
    ['./shift-chroma.js', 'abpn?scale=3'],
    ['abpn?scale=3', './shift-chroma.js'],
    ['abpn?scale=3', 'bicubic?width=100&height=50'],
  ]) {
    for (const kind of ['yuv420p', 'gray', 'yuv444p'] as const) {
      const { levels, bypass } = await planned(specs, { kind });
      expect(levels).toHaveLength(2);
      for (const { group } of [...levels, bypass]) expect(group.output).toEqual(levels[0]?.group.output);
    }
  }
});

test('the bypass has no network, and keeps the plugins that have none', async () => {
  const { bypass } = await planned(['./shift-chroma.js', 'abpn?scale=3']);
  expect(modelsOfGroups([bypass.group])).toEqual([]);
  expect(bypass.group.steps.map(({ loaded }) => loaded.plugin.name)).toEqual(['shift-chroma', 'bicubic']);
  expect(outputSize(bypass.group.steps[1]?.loaded as never, { width: 64, height: 36 })).toEqual({ width: 192, height: 108 });
});

test('levels of which none is installed are refused, each with its reason', async () => {
  const error = await failureOf(() => planned(['abpn?scale=3'], { levels: ['best', 'better'] }));
  expect(error.code).toBe('SRVID_OPTION_INVALID');
  expect(error.message).toMatch(/best: not installed for this scale; better: not installed/);
});

test('of a chain with a network for noise, a level is kept that does nothing else, and one without it is there by name', async () => {
  const restoring = await loadModelLibrary(new URL('../../fixtures/models/restoring/', import.meta.url));
  const denoiser = restoring.resolve({ family: 'lpienet-denoise', planes: 'yuv' }, 'auto');
  await copyFile(fileURLToPath(new URL(denoiser.file, restoring.folder)), join(folder, denoiser.file));
  const installed = new ModelLibrary(library.folder, [...library.models, denoiser]);
  const stepsOf = ({ levels }: Awaited<ReturnType<typeof planned>>) =>
    Object.fromEntries(levels.map(({ name, group }) => [name, group.steps.map(({ loaded }) => loaded.plugin.name)]));
  const usual = await planned(['denoise', 'abpn?scale=3'], { installed });
  expect(stepsOf(usual)).toEqual({ abpn: ['denoise', 'abpn'], xlsr: ['denoise', 'xlsr'], bicubic: ['denoise', 'bicubic'] });
  expect(usual.bypass.group.steps.map(({ loaded }) => loaded.plugin.name)).toEqual(['bicubic']);
  const named = await planned(['denoise', 'abpn?scale=3'], { installed, levels: ['xlsr-alone', 'abpn-alone', 'abpn', 'bicubic-alone'] });
  expect(stepsOf(named)).toEqual({ abpn: ['denoise', 'abpn'], 'abpn-alone': ['abpn'], 'xlsr-alone': ['xlsr'] });
  expect(named.missing).toEqual(['bicubic-alone: the bypass does the same']);
  for (const { group } of [...named.levels, named.bypass]) expect(group.output).toEqual(usual.levels[0]?.group.output);

  const alone = await planned(['denoise'], { installed });
  expect(stepsOf(alone)).toEqual({ denoise: ['denoise'] });
  expect(alone.bypass.group.output).toEqual({ kind: 'yuv420p', width: 64, height: 36 });
  expect((await failureOf(() => planned(['denoise'], { installed, levels: ['denoise-alone'] }))).message).toContain('no other network to leave out');
});

test('the command runs with several levels, all of them loaded', async () => {
  const input = join(folder, 'input.mp4');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x36:r=25:d=0.6', '-pix_fmt', 'yuv420p', input);
  const result = await srvid([input, join(folder, 'out.mp4'), '--realtime', '--scale', '3', '--precision', 'int8', '--models', folder, '--json', '-y']);
  const end = endOf(result) as { models: string[]; framesIn: number; realtime: { levels: { name: string; frames: number }[] } };
  expect(end.models).toEqual(['abpn-x3-int8', 'xlsr-x3-int8']);
  expect(end.realtime.levels.map(({ name }) => name)).toEqual(['abpn', 'xlsr', 'bypass']);
  expect(end.framesIn).toBe(15);
});

test('levels may be one network with other options, which the controller moves between; all share its files', async () => {
  const pixels = await loadModelLibrary(new URL('../../fixtures/models/pixels/', import.meta.url));
  const levels = ['pcsr?k=25', 'pcsr?k=-25', 'pcsr', 'pcsr?k=0.5&refine=false', 'pcsr?k=26'];
  const plan = await planned(['pcsr?width=96&height=54&map=true'], { levels, installed: pixels });
  expect(namesOf(plan)).toEqual(['pcsr?k=-25', 'pcsr', 'pcsr?k=0.5&refine=false', 'pcsr?k=25']);
  expect(plan.missing).toEqual([expect.stringMatching(/^pcsr\?k=26: .*k/)]);
  const given = plan.levels.map(({ group }) => group.steps[0]?.loaded.options);
  expect(given[2]).toMatchObject({ k: 0.5, refine: false, map: true, width: 96, height: 54 });
  expect(modelsOfGroups(plan.levels.map(({ group }) => group))).toHaveLength(4);
  for (const { group } of [...plan.levels, plan.bypass]) expect(group.output).toMatchObject({ width: 96, height: 54 });

  // Each has its place among the times that a session measures: the first that lasts is taken, and a busy machine moves on to a larger k.
  const times = new ServiceTimes([90, 60, 45, 20]);
  const controller = new LevelController(times, plan.levels.length);
  const backlog = (now: number, waiting: number) => ({
    now,
    freeAt: [now],
    due: Array.from({ length: waiting }, (_, at) => now + 100 + 50 * at),
    intervalMs: 50,
  });
  expect(controller.choose(backlog(0, 1))).toBe(2);
  expect(controller.choose({ ...backlog(50, 4), freeAt: [110] })).toBe(3);
  for (let now = 100; now <= 1200; now += 50) controller.choose(backlog(now, 1));
  expect(controller.current).toBe(2);
});
