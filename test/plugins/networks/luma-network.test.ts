import { expect, onTestFinished, test } from 'vitest';
import { loadModelLibrary, type ModelEntry, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { loadModel } from '../../../dist/plugins/inference/model.js';
import { findPlugin, validateOptions } from '../../../dist/plugins/registry.js';
import { failureOf } from '../../helpers/errors.js';
import { hostFor, lumaOf, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const library = await loadModelLibrary();
const FAMILIES = ['abpn', 'best', 'swift', 'ultra', 'xlsr'] as const;
const [WIDTH, HEIGHT, SCALE] = [24, 16, 3];

/** A network under a family's name. What a plugin is to do with it does not depend on what it has learnt. */
function networkAs(family: string): ModelEntry {
  return { ...library.resolve({ family: 'abpn', scale: SCALE }, 'int8'), family, id: `${family}-x${SCALE}-int8` };
}

test.each(FAMILIES)('%s enlarges the luma of a frame by the network of its family, to the byte', async (family) => {
  const [own, others] = [[networkAs(family)], FAMILIES.filter((name) => name !== family).map(networkAs)].map(
    (entries) => new ModelLibrary(library.folder, entries),
  );
  const network = await loadModel(await (own as ModelLibrary).load(networkAs(family)));
  onTestFinished(() => network.release());
  const bytes = randomBytes(1, (WIDTH * HEIGHT * 3) / 2);
  const source = { kind: 'yuv420p', width: WIDTH, height: HEIGHT } as const;
  const expected = new Uint8Array(WIDTH * HEIGHT * SCALE ** 2);
  await network.run({ data: lumaOf(source, bytes), dims: [1, 1, HEIGHT, WIDTH] }, { data: expected, dims: [1, 1, HEIGHT * SCALE, WIDTH * SCALE] });

  const host = await hostFor([`${family}?scale=${SCALE}`], source, { library: own as ModelLibrary });
  onTestFinished(() => host.close());
  await host.open();
  const result = await through(host, bytes);
  expect(result.subarray(0, expected.length)).toEqual(expected);

  const error = await failureOf(() => hostFor([`${family}?scale=${SCALE}`], source, { library: others as ModelLibrary }));
  expect(error.code).toBe('SRVID_MODEL_UNKNOWN');
  expect(error.message).toContain(family);
});

test.each(FAMILIES)('%s has the scales it was trained for, and names them where another is wanted', async (family) => {
  const { plugin } = await findPlugin(family, '/');
  expect(plugin.scales).toEqual([2, 3, 4]);
  for (const scale of [2, 3, 4]) expect(validateOptions(plugin, { scale })).toEqual({ scale });
  expect(validateOptions(plugin, {})).toEqual({ scale: 2 });
  for (const scale of [1, 2.5, 5, '2']) {
    const error = await failureOf(() => validateOptions(plugin, { scale }));
    expect(error.code).toBe('SRVID_OPTION_INVALID');
    expect(error.message).toMatch(new RegExp(`${family}.*scale.*2\\|3\\|4`));
  }
});

test('every network that is shipped has a plugin with its planes and scale, which promises its halo and no smaller one', async () => {
  for (const { family, scale, halo, planes } of library.models) {
    // The networks of a pixel-adaptive family are parts of one plugin, for any scale.
    const part = /^(pcsr)-/.exec(family)?.[1];
    const { plugin } = await findPlugin(
      {
        y: part ?? family.replace(/-(video|coarse)$/, ''),
        rgb: `${family}-rgb`,
        yuv: family === 'plain-denoise' ? 'denoise-fast' : family.replace('lpienet-', ''),
      }[planes],
      '/',
    );
    expect(plugin.planes).toBe(planes);
    if (planes === 'yuv') expect([plugin.scales, scale]).toEqual([undefined, undefined]);
    else if (part === undefined && scale !== 1) expect(plugin.scales).toContain(scale);
    else if (part === undefined) expect(plugin.scales).toBeUndefined();
    expect(plugin.halo).toBeGreaterThanOrEqual(halo);
    // Those on the planes of 4:2:0 bring finer chroma there and back, which sees more than the network.
    if (part !== undefined || planes === 'yuv') continue;
    const most = Math.max(...library.models.filter((other) => other.family === family).map((other) => other.halo));
    expect(plugin.halo).toBe(most);
  }
});
