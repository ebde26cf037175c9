import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModelLibrary, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { type LoadedModel, loadModel } from '../../../dist/plugins/inference/model.js';
import { srvid } from '../../helpers/command.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, ffprobe, frameHashes, temporaryFolder } from '../../helpers/media.js';
import { enlargedByReference, type Networks, type Wanted } from '../../helpers/pixel-reference.js';
import { hostFor, loadChain, lumaOf, through } from '../../helpers/plugins.js';

const MODELS = new URL('../../fixtures/models/pixels/', import.meta.url);
const library = await loadModelLibrary(MODELS);
const USUAL: Wanted = { k: 0, adaptive: false, refine: false };

/** A picture half of which is smooth, and half of which is not. */
function pictureOf(width: number, height: number): Uint8Array {
  const texture = (x: number, y: number) => (x * 2 < width ? 30 * Math.sin((x + y) / 9) : 90 * Math.sin((x * y) / 11));
  return Uint8Array.from({ length: width * height }, (_, at) => 128 + Math.round(texture(at % width, Math.floor(at / width))));
}

async function enlarged(specs: string, input: { width: number; height: number }, output: { width: number; height: number }, precision: 'int8' | 'fp32') {
  // A host takes what is listed as int8.
  const listed = library.models.filter((model) => model.precision === precision).map((model) => ({ ...model, precision: 'int8' as const }));
  const source = { kind: 'gray', ...input } as const;
  const host = await hostFor([`pcsr?width=${output.width}&height=${output.height}&${specs}`], source, { library: new ModelLibrary(MODELS, listed) });
  try {
    await host.open();
    return lumaOf({ kind: 'gray', ...output }, await through(host, pictureOf(input.width, input.height))).slice();
  } finally {
    await host.close();
  }
}

describe.each(['int8', 'fp32'] as const)('the networks in %s', (precision) => {
  const opened: LoadedModel[] = [];
  let networks: Networks;

  beforeAll(async () => {
    const open = async (part: string) => {
      const model = await loadModel(await library.load(library.resolve({ family: `pcsr-${part}` }, precision)));
      opened.push(model);
      return [part, model] as const;
    };
    networks = Object.fromEntries(await Promise.all(['backbone', 'place', 'light', 'heavy'].map(open))) as unknown as Networks;
  });

  afterAll(async () => {
    for (const model of opened) await model.release();
  });

  test.each([
    ['twice', [40, 30], [80, 60], USUAL],
    ['one and a half times', [38, 26], [57, 39], USUAL],
    ['nine quarters', [32, 20], [72, 45], { ...USUAL, k: 0.4 }],
    ['by factors that are no simple fractions, and differ', [37, 29], [67, 101], USUAL],
    ['not at all', [24, 18], [24, 18], USUAL],
    ['all heavy', [24, 18], [31, 23], { ...USUAL, k: -25 }],
    ['all light', [24, 18], [31, 23], { ...USUAL, k: 25 }],
    ['by what the picture’s own difficulties say', [40, 30], [60, 45], { ...USUAL, adaptive: true }],
    ['in more strips than one', [2200, 90], [2310, 95], USUAL],
    ['with smooth seams', [40, 30], [90, 68], { ...USUAL, refine: true }],
  ] as const)('enlarge every pixel by the head that is chosen for it: %s', async (_, [width, height], [wide, high], wanted) => {
    const [input, output] = [
      { width, height },
      { width: wide, height: high },
    ];
    const spec = `k=${wanted.k}&adaptive=${wanted.adaptive}&refine=${wanted.refine}`;
    const found = await enlarged(spec, input, output, precision);
    const { picture, heavy } = await enlargedByReference(networks, precision === 'int8', pictureOf(width, height), input, output, wanted);
    const share = heavy.reduce((sum, one) => sum + one, 0) / heavy.length;
    if (Math.abs(wanted.k) === 25) expect(share).toBe(wanted.k < 0 ? 1 : 0);
    else expect(Math.abs(share - 0.5)).toBeLessThan(0.5);
    // A base of 1/64 of a level, rounding before refinement: one level. At the limit of the decision a last bit may choose the other head.
    const off = found.filter((value, pixel) => Math.abs(value - (picture[pixel] as number)) > 1).length;
    expect(off / found.length).toBeLessThan(wanted.adaptive ? 0.02 : 0.002);
    expect(found.filter((value, pixel) => value !== picture[pixel]).length / found.length).toBeLessThan(0.1);
  });
});

test('the map paints heavy pixels bright and light ones dark, and differs by what k decides', async () => {
  const [input, output] = [
    { width: 32, height: 20 },
    { width: 48, height: 30 },
  ];
  for (const [k, least] of [
    [-25, 127],
    [25, 0],
  ] as const) {
    const plain = await enlarged(`k=${k}`, input, output, 'int8');
    expect(await enlarged(`k=${k}&map=true`, input, output, 'int8')).toEqual(plain.map((value) => least + (value >> 1)));
  }
  const mixed = new Set((await enlarged('map=true', input, output, 'int8')).map((value) => value >> 7));
  expect(mixed).toEqual(new Set([0, 1]));
});

test('a size beyond once to four times, and one side alone, are refused before the first frame', async () => {
  for (const spec of ['scale=4.5', 'scale=0.9', 'width=40', 'k=26'])
    expect((await failureOf(() => loadChain([`pcsr?${spec}`], library))).code).toBe('SRVID_OPTION_INVALID');
  const error = await failureOf(() => hostFor(['pcsr?width=100&height=200'], { kind: 'gray', width: 40, height: 40 }, { library }));
  expect(error).toMatchObject({ code: 'SRVID_PLUGIN_FAILED', message: expect.stringContaining('100x200 is not between once and four times 40x40') });
});

describe('the command', () => {
  const models = fileURLToPath(MODELS);
  let folder = '';
  let input = '';
  const run = async (name: string, ...options: string[]) => {
    const output = join(folder, `${name}.mkv`);
    const given = [input, output, '--models', models, '--precision', 'int8', '--encoder', 'ffv1', '-y', '--json'];
    const result = await srvid([...given, ...options]);
    if (result.code !== 0) throw new Error(`srvid ended with ${result.code} and said: ${result.stderr}`);
    const { streams } = await ffprobe<{ streams: { width: number; height: number }[] }>(output, '-show_streams');
    return { hashes: await frameHashes(output), size: [streams[0]?.width, streams[0]?.height] };
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    input = join(folder, 'in.mkv');
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=96x54:r=25:d=0.2', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
  });

  test('makes any height by one network, and the same bytes whatever the workers and threads', async () => {
    const one = await run('one', '--preset', 'pcsr', '--height', '80', '--workers', '1', '--threads', '1');
    expect(one.size).toEqual([142, 80]);
    expect(await run('two', '--preset', 'pcsr', '--height', '80', '--workers', '2', '--threads', '2')).toEqual(one);
    expect((await run('scaled', '--preset', 'pcsr', '--scale', '1.5')).size).toEqual([144, 80]);
  });

  test('makes sizes that no small trial frame could be enlarged to, with settings that are measured', async () => {
    expect((await run('measured', '--preset', 'pcsr', '--height', '80', '--retune')).size).toEqual([142, 80]);
    // Two factors: the network takes the greater one, and the rest is resampled.
    expect((await run('stretched', '--preset', 'pcsr', '--size', '300x60', '--retune')).size).toEqual([300, 60]);
  });

  test('takes options of a preset’s network behind its name, and --debug-map', async () => {
    const runs = [
      await run('usual', '--preset', 'pcsr'),
      await run('light', '--preset', 'pcsr?k=25'),
      await run('map', '--preset', 'pcsr?k=25', '--debug-map'),
    ];
    expect(new Set(runs.map(({ hashes }) => hashes.join())).size).toBe(3);
    for (const [preset, said] of [
      ['pcsr?k=often', 'k: '],
      ['bicubic', '--debug-map was given'],
    ] as const) {
      const { events } = await srvid([input, join(folder, 'wrong.mkv'), '--preset', preset, '--models', models, '--debug-map', '--json']);
      expect(events.at(-1)).toMatchObject({ type: 'error', code: 'SRVID_OPTION_INVALID', message: expect.stringContaining(said) });
    }
  });
});
