import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Evaluation } from '../../../dist/eval/report.js';
import { planResize } from '../../../dist/eval/resize.js';
import type { Color, PixelFormat } from '../../../dist/pipeline/frames/frame.js';
import { loadModelLibrary, ModelLibrary } from '../../../dist/plugins/inference/library.js';
import { loadModel } from '../../../dist/plugins/inference/model.js';
import { CUBIC } from '../../../dist/plugins/pixels/resample.js';
import { endOf, srvid } from '../../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder } from '../../helpers/media.js';
import { psnr } from '../../helpers/picture.js';
import { hostFor, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

/** A network of random weights, 3 times; `python -m training fixture` writes it. */
const MODELS = new URL('../../fixtures/models/', import.meta.url);
const [WIDTH, HEIGHT, SCALE] = [20, 14, 3];
const folder = await temporaryFolder();
const library = await loadModelLibrary(MODELS);
const verified = await library.load(library.resolve({ family: 'abpn', scale: SCALE, planes: 'rgb' }, 'int8'));
const network = await loadModel(verified);
afterAll(() => network.release());

/** The network's result for packed RGB, by way of planes that are written out here: red, green, blue. */
async function enlarged(rgb: Uint8Array, width = WIDTH, height = HEIGHT): Promise<Uint8Array> {
  const [small, large] = [width * height, width * height * SCALE * SCALE];
  const input = Uint8Array.from({ length: 3 * small }, (_, at) => rgb[(at % small) * 3 + Math.floor(at / small)] as number);
  const output = new Uint8Array(3 * large);
  await network.run({ data: input, dims: [1, 3, height, width] }, { data: output, dims: [1, 3, height * SCALE, width * SCALE] });
  return Uint8Array.from(output, (_, at) => output[(at % 3) * large + Math.floor(at / 3)] as number);
}

async function restored(kind: PixelFormat, bytes: Uint8Array, color: Color = {}, family = 'abpn'): Promise<Uint8Array> {
  const origin = { color, timeBase: { num: 1, den: 25 } };
  const named = new ModelLibrary(library.folder, [{ ...verified.entry, family, id: `${family}-rgb-x3-int8` }]);
  const host = await hostFor([`${family}-rgb`], { kind, width: WIDTH, height: HEIGHT }, { library: named, origin });
  onTestFinished(() => host.close());
  await host.open();
  return through(host, bytes);
}

test.each(['abpn', 'xlsr'])('a frame in RGB is what the network of %s makes of its red, green and blue, to the byte', async (family) => {
  const rgb = randomBytes(1, WIDTH * HEIGHT * 3);
  expect(await restored('rgb24', rgb, {}, family)).toEqual(await enlarged(rgb));
});

describe.each([
  ['smpte170m', 0.299, 0.114],
  ['bt709', 0.2126, 0.0722],
  ['bt2020nc', 0.2627, 0.0593],
] as const)('a frame in 4:4:4 by %s', (matrix, red, blue) => {
  const green = 1 - red - blue;

  test.each([
    ['tv', 16, 219, 224],
    ['pc', 0, 255, 255],
  ] as const)('range %s, becomes RGB and comes back by that matrix and range', async (range, black, lumaSpan, chromaSpan) => {
    const count = WIDTH * HEIGHT;
    // Colours well inside the gamut: nothing is cut off on the way.
    const yuv = randomBytes(2, count * 3).map((value, at) => (at < count ? 80 + value / 3 : 118 + value / 13));
    const rgb = new Uint8ClampedArray(count * 3);
    for (let pixel = 0; pixel < count; pixel++) {
      const y = ((yuv[pixel] as number) - black) / lumaSpan;
      const [cb, cr] = [((yuv[count + pixel] as number) - 128) / chromaSpan, ((yuv[2 * count + pixel] as number) - 128) / chromaSpan];
      const [r, b] = [y + 2 * (1 - red) * cr, y + 2 * (1 - blue) * cb];
      rgb.set([255 * r, (255 * (y - red * r - blue * b)) / green, 255 * b], pixel * 3);
    }
    const large = await enlarged(Uint8Array.from(rgb));
    const many = count * SCALE * SCALE;
    const expected = new Uint8ClampedArray(many * 3);
    for (let pixel = 0; pixel < many; pixel++) {
      const [r, g, b] = [0, 1, 2].map((channel) => (large[pixel * 3 + channel] as number) / 255) as [number, number, number];
      const y = red * r + green * g + blue * b;
      expected[pixel] = black + lumaSpan * y;
      expected[many + pixel] = 128 + (chromaSpan * (b - y)) / (2 * (1 - blue));
      expected[2 * many + pixel] = 128 + (chromaSpan * (r - y)) / (2 * (1 - red));
    }
    const result = await restored('yuv444p', yuv, { matrix, range });
    expect(result).toHaveLength(many * 3);
    // Rounding leaves 70 dB and more; any other of these matrices and ranges would leave less than 53.
    expect(psnr(result, Uint8Array.from(expected))).toBeGreaterThan(62);
  });
});

test('a run with the preset keeps the source’s own format and every frame', async () => {
  const [input, output] = [join(folder, 'in.mkv'), join(folder, 'out.mkv')];
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=48x32:r=10:d=0.5', '-pix_fmt', 'yuv444p', '-c:v', 'ffv1', input);
  const end = endOf(await srvid([input, output, '--preset', 'abpn-rgb', '--models', fileURLToPath(MODELS), '--encoder', 'ffv1', '--json']));
  expect(end).toMatchObject({ framesIn: 5, framesOut: 5 });
  const { streams } = await ffprobe<{ streams: object[] }>(output, '-show_entries', 'stream=width,height,pix_fmt');
  expect(streams).toEqual([{ width: 144, height: 96, pix_fmt: 'yuv444p' }]);
});

test('an evaluation gives the preset pictures in RGB, and measures luma and RGB of what it makes of them', async () => {
  const picture = join(folder, 'picture.png');
  await ffmpeg('-f', 'lavfi', '-i', 'mandelbrot=s=60x42', '-frames:v', '1', picture);
  const truth = Uint8Array.from(await rawFrames(picture, 'rgb24'));
  const result = await srvid(['eval', picture, '--preset', 'abpn-rgb', '--models', fileURLToPath(MODELS), '--json']);
  const { scale, models, scores } = JSON.parse(result.stdout.toString()) as Evaluation;
  expect({ scale, models }).toEqual({ scale: 3, models: ['abpn-rgb-x3-int8'] });

  const reduce = planResize({ kind: 'rgb24', width: 60, height: 42 }, { kind: 'rgb24', width: 20, height: 14 }, CUBIC);
  const made = await enlarged(reduce(truth));
  const inner = (rgb: Uint8Array) => Uint8Array.from([...rgb].filter((_, at) => isInside(Math.floor(at / 3) % 60, Math.floor(at / 180))));
  const isInside = (x: number, y: number) => Math.min(x, 59 - x, y, 41 - y) >= SCALE;
  const luma = (rgb: Uint8Array) =>
    Uint8Array.from({ length: rgb.length / 3 }, (_, at) =>
      Math.round(16 + (65.481 * (rgb[at * 3] as number) + 128.553 * (rgb[at * 3 + 1] as number) + 24.966 * (rgb[at * 3 + 2] as number)) / 255),
    );
  expect(scores[0]?.rgbPsnr).toBeCloseTo(psnr(inner(made), inner(truth)), 3);
  expect(scores[0]?.psnr).toBeCloseTo(psnr(luma(inner(made)), luma(inner(truth))), 1);
});

test('another factor than those that are trained is refused, and those are named', async () => {
  const output = join(folder, 'none.mkv');
  const result = await srvid([join(folder, 'in.mkv'), output, '--preset', 'abpn-rgb', '--scale', '2', '--models', fileURLToPath(MODELS), '--json']);
  expect(result.code).toBe(2);
  const message = expect.stringContaining('of abpn on RGB only x3 is installed: abpn-rgb-x3-int8');
  expect(result.events).toEqual([expect.objectContaining({ type: 'error', code: 'SRVID_MODEL_UNKNOWN', message })]);
});
