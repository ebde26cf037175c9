import { describe, expect, test } from 'vitest';
import { presetSchema } from '../../../dist/options/preset.js';
import type { SessionRequest } from '../../../dist/options/requests.js';
import { parseSessionOptions } from '../../../dist/options/session.js';
import type { StreamInfo } from '../../../dist/pipeline/frames/stream-info.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { buildChain, targetSize } from '../../../dist/plugins/plan/chain.js';
import { planChain } from '../../../dist/plugins/plan/groups.js';
import { modelsOf } from '../../../dist/plugins/plan/plugin-models.js';
import { parsePreset } from '../../../dist/plugins/plan/presets.js';
import { failureOf } from '../../helpers/errors.js';

const shipped = await loadModelLibrary();
const info = (width: number, height: number, sampleAspect?: StreamInfo['sampleAspect']): StreamInfo => ({
  format: { kind: 'yuv420p', width, height },
  color: {},
  timeBase: { num: 1, den: 25 },
  frameRate: { num: 25, den: 1 },
  sampleAspect,
});

async function chainOf(request: Partial<SessionRequest>, source: StreamInfo, use = 'bicubic', library: ModelLibrary = shipped) {
  const options = parseSessionOptions({ input: 'in.mp4', output: 'out.mp4', ...request });
  const preset = { name: 'test', folder: process.cwd(), preset: parsePreset(JSON.stringify({ version: 1, description: 'x', plugins: [{ use }] }), 'x') };
  const chain = await buildChain(options, preset, library, source);
  const output = planChain(source.format, chain.plugins).at(-1)?.output;
  return {
    names: chain.plugins.map(({ plugin, options: valid }) => `${plugin.name} ${JSON.stringify(valid)}`),
    size: [output?.width, output?.height],
    models: modelsOf(chain.plugins).map(({ entry }) => entry.id),
  };
}

test.each([
  [480, 360, undefined, 1080, 1440],
  [720, 576, { num: 64, den: 45 }, 1152, 2048],
  [405, 720, undefined, 1080, 608],
  [100, 3, undefined, 2, 66],
  [3, 100, undefined, 20, 2],
])('%dx%d with pixels of %o, shown at height %d, is %d wide', (width, height, sampleAspect, wanted, expected) => {
  expect(targetSize({ height: wanted }, info(width, height, sampleAspect))).toEqual({ width: expected, height: wanted });
});

test('without any size the first plugin’s own scale decides', async () => {
  expect((await chainOf({}, info(64, 48))).size).toEqual([128, 96]);
});

test('--scale is the scale of the first plugin that has one', async () => {
  expect((await chainOf({ scale: 3 }, info(64, 48))).size).toEqual([192, 144]);
  expect((await chainOf({ scale: 1.5 }, info(64, 48))).size).toEqual([96, 72]);
});

test.each([
  [720, ['abpn {"scale":2}'], [960, 720]],
  [1080, ['abpn {"scale":3}'], [1440, 1080]],
  [1000, ['abpn {"scale":3}', 'bicubic {"scale":2,"width":1334,"height":1000}'], [1334, 1000]],
  [500, ['abpn {"scale":2}', 'bicubic {"scale":2,"width":666,"height":500}'], [666, 500]],
  [2000, ['abpn {"scale":4}', 'bicubic {"scale":2,"width":2666,"height":2000}'], [2666, 2000]],
])('480x360 at --height %d takes the smallest scale that reaches it, or the largest, and one change of size at most', async (height, names, size) => {
  const chain = await chainOf({ height }, info(480, 360), 'abpn');
  expect(chain.names).toEqual(names);
  expect(chain.size).toEqual(size);
});

test.each([
  ['within its range', 1000, ['bicubic {"scale":2,"width":1334,"height":1000}']],
  ['below the source', 180, ['bicubic {"scale":0.5}']],
  ['beyond its range', 6000, ['bicubic {"scale":16}', 'bicubic {"scale":2,"width":8000,"height":6000}']],
])('a plugin of any real scale makes a height %s itself', async (_, height, names) => {
  const chain = await chainOf({ height }, info(480, 360));
  expect(chain.names).toEqual(names);
  expect(chain.size[1]).toBe(height);
});

test('a plugin of any real scale makes what other plugins of the chain need for the size that is asked for', async () => {
  const { names, size } = await chainOf({ height: 1080, plugins: [{ use: 'abpn', options: { scale: 2 } }] }, info(480, 360));
  expect(names).toEqual(['bicubic {"scale":1.5}', 'abpn {"scale":2}']);
  expect(size).toEqual([1440, 1080]);
});

test('--size is met exactly, whatever the aspect', async () => {
  expect((await chainOf({ size: { width: 77, height: 333 } }, info(64, 48))).size).toEqual([77, 333]);
});

test('--height takes no scale whose network is not installed', async () => {
  const entry = shipped.models.find(({ family, planes }) => family === 'abpn' && planes === 'y') as ModelEntry;
  const only = new ModelLibrary(shipped.folder, [entry]);
  const chain = await chainOf({ height: 96 }, info(64, 48), 'abpn', only);
  expect(chain.models).toEqual([entry.id]);
  expect(chain.size).toEqual([128, 96]);
});

test('a scale of which no network is installed is refused, and what is installed is named', async () => {
  const error = await failureOf(() =>
    chainOf(
      { scale: 2 },
      info(64, 48),
      'abpn',
      new ModelLibrary(
        shipped.folder,
        shipped.models.filter((model) => model.scale !== 2),
      ),
    ),
  );
  expect(error.code).toBe('SRVID_MODEL_UNKNOWN');
  expect(error.message).toContain('abpn-x3-int8');
});

test('a family of which no network is installed is refused, and what is installed is named', async () => {
  const others = shipped.models.filter((model) => model.family !== 'xlsr');
  const error = await failureOf(() => chainOf({ scale: 3 }, info(64, 48), 'xlsr', new ModelLibrary(shipped.folder, others)));
  expect(error.code).toBe('SRVID_MODEL_UNKNOWN');
  expect(error.message).toMatch(/family xlsr, scale 3.*abpn-x2-int8.*abpn-x3-int8/);
});

test('a scale that a plugin cannot have is refused by the plugin’s own words', async () => {
  const error = await failureOf(() => chainOf({ scale: 7 }, info(64, 48), 'abpn'));
  expect(error.code).toBe('SRVID_OPTION_INVALID');
  expect(error.message).toMatch(/abpn.*scale.*2\|3\|4/);
});

test('--scale for a chain that scales nothing is refused', async () => {
  const error = await failureOf(() => chainOf({ scale: 2 }, info(64, 48), './test/fixtures/plugins/shift-chroma.js'));
  expect(error.code).toBe('SRVID_OPTION_INVALID');
  expect(error.message).toContain('shift-chroma');
});

describe('a preset that names several plugins', () => {
  const several = (use: string[], height?: number) => ({
    name: 'several',
    folder: process.cwd(),
    preset: presetSchema.parse({ version: 1, description: 'several', plugins: [{ use }], height }),
  });
  const built = async (use: string[], request: Partial<SessionRequest> = {}, height?: number, library = shipped) => {
    const options = parseSessionOptions({ input: 'in.mp4', output: 'out.mp4', ...request });
    const chain = await buildChain(options, several(use, height), library, info(64, 48));
    return { names: chain.plugins.map(({ plugin }) => plugin.name), models: modelsOf(chain.plugins).map(({ entry }) => entry.id) };
  };

  test('takes the first that is installed, whatever is not', async () => {
    expect(await built(['finest', 'abpn'])).toEqual({ names: ['abpn'], models: ['abpn-x2-int8'] });
  });

  test('passes over one whose networks are not there for the scale', async () => {
    expect((await built(['bicubic', 'abpn'], { scale: 4 })).names).toEqual(['bicubic']);
    const error = await failureOf(() => built(['finest', 'abpn'], { scale: 7 }));
    expect(error.code).toBe('SRVID_PLUGIN_UNKNOWN');
    expect(error.message).toMatch(/first of finest, abpn that is installed at scale 7/);
  });

  test('passes over one that has networks for other scales only, where no scale and no size is asked for', async () => {
    const only = new ModelLibrary(
      shipped.folder,
      shipped.models.filter(({ family, scale }) => family !== 'xlsr' || scale === 3),
    );
    expect((await built(['xlsr', 'abpn'], {}, undefined, only)).models).toEqual(['abpn-x2-int8']);
    expect((await built(['xlsr', 'abpn'], { scale: 3 }, undefined, only)).models).toEqual(['xlsr-x3-int8']);
    expect((await built(['xlsr', 'abpn'], {}, 144, only)).models).toEqual(['xlsr-x3-int8']);
  });

  test('gives its height where the caller gives no size, and only there', async () => {
    expect((await built(['abpn', 'finest'], {}, 144)).models).toEqual(['abpn-x3-int8']);
    expect((await built(['abpn', 'finest'], { scale: 2 }, 144)).models).toEqual(['abpn-x2-int8']);
  });
});
