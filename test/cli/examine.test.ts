import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { Network } from '../../bench/networks.mjs';
import type { ConvolutionReport, Examination } from '../../dist/doctor/report.js';
import { serializeModel } from '../../dist/onnx/model-file.js';
import { srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder } from '../helpers/media.js';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const FIXTURES = root('test/fixtures/models/');
// Times are only printed, so small pictures will do.
const SMALL = ['--size', '64x48'];
let folder = '';
let pictures: string[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder, 'pictures'));
  pictures = ['--images', join(folder, 'pictures')];
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=120x90:r=1', '-frames:v', '2', join(folder, 'pictures/%d.png'));
});

async function examined(model: string, ...options: string[]): Promise<{ code: number | null; found: Examination; warnings: string }> {
  const { code, stdout, stderr } = await srvid(['doctor', model, ...(options.includes('--size') ? [] : SMALL), ...options, '--json']);
  if (!stdout.toString().startsWith('{"v":1,"type":"doctor"')) throw new Error(`srvid doctor ended with ${code} and said: ${stderr}`);
  return { code, found: JSON.parse(stdout.toString()) as Examination, warnings: stderr };
}

const kinds = ({ findings }: Examination) => findings.map(({ kind, severity }) => `${severity}: ${kind}`);
const convolution = ({ speed }: Examination, name: string) => speed.convolutions.find((conv) => conv.name === name) as ConvolutionReport;

describe('a network with a linear output, quantised after training', () => {
  it('is called dull, with the shift that was measured, where it comes from, and what does help', async () => {
    const { code, found } = await examined(`${FIXTURES}linear-int8.onnx`, '--reference', `${FIXTURES}linear-fp32.onnx`);
    expect(code).toBe(1);
    expect(found.healthy).toBe(false);
    expect(kinds(found)).toEqual(expect.arrayContaining(['illness: dull', 'illness: lossy']));
    const { quality, findings } = found;
    expect(quality).toMatchObject({
      reference: { kind: 'file', name: 'linear-fp32.onnx' },
      pictures: { source: 'the clip that comes with srvid', count: 8, size: '384x216' },
    });
    expect(quality?.lumaShift).toBeLessThan(-5);
    expect(found.layers.find(({ convolution: name }) => name === 'features')?.lost).toBeGreaterThan(0.4);
    const dull = findings.find(({ kind }) => kind === 'dull');
    expect(dull?.message).toContain(`by ${Math.abs(quality?.lumaShift ?? 0).toFixed(2)} levels`);
    expect(dull?.message).toMatch(/features.relu.* few large values take the range .* \d+ % of the values, the small amplitudes, round to zero/);
    expect(dull?.remedy).toMatch(/Bound the output.*QAT.*distil.*calibration pictures do not cure/);
    const steps = found.layers.map(({ snr }) => snr as number);
    expect(steps.at(-1)).toBeLessThan(15);
  });

  it('is dull against its float twin as well, where no reference is given', async () => {
    const { found } = await examined(`${FIXTURES}linear-int8.onnx`, ...pictures);
    expect(found.quality?.reference.kind).toBe('float-twin');
    expect(kinds(found)).toContain('illness: dull');
  });

  it('really is: its output, measured without srvid, is darker on a flat picture than that of the float network', async () => {
    const { openNetwork } = await import('../../dist/plugins/inference/onnx-runtime.js');
    const means = [];
    for (const name of ['linear-fp32', 'linear-int8']) {
      const network = await openNetwork(name, await readFile(`${FIXTURES}${name}.onnx`));
      const { output } = await network.run({ input: { dims: [1, 1, 32, 32], data: new Float32Array(1024).fill(0.2) } });
      await network.release();
      const values = [...((output?.data ?? []) as Float32Array)];
      means.push(values.reduce((sum, value) => sum + value, 0) / values.length);
    }
    expect(means[0]).toBeCloseTo(0.2, 2);
    expect(means[1]).toBeLessThan(0.16);
  });
});

describe('convolutions that miss the fast int8 path are named, with why and the rewrite', () => {
  it('of one input channel, and of odd channels', async () => {
    const { code, found } = await examined(root('bench/models/abpn-x3-int8-unlowered.onnx'), '--channels', '4', ...pictures);
    expect(code).toBe(0);
    expect(kinds(found)).toEqual(['advice: slow']);
    expect(convolution(found, 'conv0')).toMatchObject({ inputs: 1, outputs: 28, fast: false, operator: 'QLinearConv' });
    expect(convolution(found, 'conv0')).toMatchObject({ reason: '1 input channel, no multiple of 4', remedy: 'srvid lower: input channels 1 to 4' });
    expect(convolution(found, 'conv5')).toMatchObject({ reason: '27 output channels, no multiple of 4', remedy: 'srvid lower: output channels 27 to 28' });
    expect(convolution(found, 'conv6')).toMatchObject({
      reason: '27 input channels, no multiple of 4; 9 output channels, fewer than 16',
      remedy: 'srvid lower: input channels 27 to 28, output channels 9 to 16',
    });
    for (const name of ['conv0', 'conv5', 'conv6']) expect(convolution(found, name)).toMatchObject({ ms: expect.any(Number), loweredMs: expect.any(Number) });
    for (const name of ['conv1', 'conv2', 'conv3', 'conv4']) expect(convolution(found, name)).toMatchObject({ fast: true, operator: 'QLinearConv' });
    expect(found.speed).toMatchObject({ width: 64, height: 48, lowered: { equal: true } });
  });

  it('of groups, in a network of float RGB pictures with int8 activations', async () => {
    const { found } = await examined(`${FIXTURES}grouped-int8.onnx`, ...pictures);
    expect(found.input).toEqual({ type: 'float32', planes: 'rgb' });
    for (const name of ['grouped0', 'grouped1', 'grouped2']) {
      expect(convolution(found, name)).toMatchObject({
        groups: 4,
        reason: '4 groups',
        remedy: 'srvid lower: dense with a block-diagonal kernel',
        operator: 'QLinearConv',
      });
    }
  });

  it('in float, with the reason', async () => {
    const network = new Network(3);
    const result = network.node('Relu', [network.conv(network.dequantised(network.input(1), 1 / 255), 1, 16, 3, { name: 'first' })]);
    const last = network.layer(network.quantised(result, 1 / 60, 17), 16, 1, 3, { inputStep: 1 / 60, inputZero: 17, name: 'last' });
    const path = join(folder, 'float-conv.onnx');
    await writeFile(path, network.bytes(last, 1));
    const { found } = await examined(path, ...pictures);
    expect(convolution(found, 'first')).toMatchObject({ fast: false, reason: expect.stringContaining('not in int8: the Relu') });
    expect(kinds(found)).toContain('advice: not-int8');
  });

  it('because their bias has a step of its own, which only shows in what ONNX Runtime made of them', async () => {
    const network = new Network(3);
    const stored = network.layer(network.input(1), 1, 16, 3, { name: 'layer' });
    const model = network.model(network.layer(stored, 16, 1, 1, { inputStep: 1 / 100, name: 'last' }), 1);
    const bias = model.graph.initializer.find(({ name }) => name === 'layer.bias.step');
    if (bias) bias.rawData = new Uint8Array(new Float32Array(16).fill(0.001).buffer);
    const path = join(folder, 'bias.onnx');
    await writeFile(path, serializeModel(model));
    const { found } = await examined(path, ...pictures);
    expect(convolution(found, 'layer')).toMatchObject({
      fast: false,
      reason: expect.stringMatching(/^computed in float \(.*Conv\)$/),
      remedy: expect.stringContaining('bias'),
    });
    expect(kinds(found)).toContain('advice: not-int8');
  });
});

test('a healthy network passes, against its own float network and against its twin', async () => {
  for (const reference of [pictures, ['--reference', root('models/abpn-x3-fp32.onnx')]]) {
    const { code, found } = await examined(root('models/abpn-x3-int8.onnx'), '--channels', '4', ...reference);
    expect(code).toBe(0);
    expect(found).toMatchObject({ healthy: true, findings: [], warnings: [] });
    expect(found.quality?.psnr).toBeGreaterThan(48);
    expect(Math.abs(found.quality?.lumaShift ?? 1)).toBeLessThan(0.1);
    expect(found.layers).toHaveLength(8);
    for (const { used, saturated, snr } of found.layers) {
      expect(used).toBeGreaterThan(0.15);
      expect(saturated).toBeLessThan(0.01);
      expect(snr).toBeGreaterThan(15);
    }
  }
});

test('filters that share one step though they differ a hundredfold are named', async () => {
  const { found } = await examined(`${FIXTURES}depthwise-int8.onnx`, ...pictures);
  expect(found.findings.find(({ kind }) => kind === 'per-tensor-weights')?.message).toMatch(/depthwise share one step, and \d+ of its 16 filters/);
  expect(convolution(found, 'depthwise')).toMatchObject({ groups: 16, fast: true });
  expect(found.layers.find(({ depthwise }) => depthwise)?.convolution).toBe('depthwise');
});

test('a float network has nothing quantised to judge, and that is what is said', async () => {
  const { code, stdout } = await srvid(['doctor', root('models/abpn-x2-fp32.onnx'), ...SMALL, ...pictures]);
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/7 of 7 convolutions are not computed in int8/);
  expect(stdout.toString()).toMatch(/Verdict: nothing to compare with/);
});

test('a network of the planes of 4:2:0 is examined like one of pictures, in all three planes', async () => {
  const denoise = root('models/lpienet-denoise-fp32.onnx');
  const { code, found } = await examined(denoise, '--reference', denoise, ...pictures);
  expect(code).toBe(0);
  expect(found.input).toEqual({ type: 'uint8', planes: 'yuv' });
  expect(found.quality).toMatchObject({ psnr: 100, lumaShift: 0 });
  expect(found.speed.ms).toBeGreaterThan(0);
  const other = await examined(denoise, '--reference', root('models/lpienet-deblur-fp32.onnx'), ...pictures);
  expect(other.found.quality?.psnr).toBeLessThan(60);
  const { code: refused, stderr } = await srvid(['doctor', denoise, ...SMALL, '--reference', root('models/abpn-x3-fp32.onnx')]);
  expect(refused).toBe(1);
  expect(stderr).toContain('The reference abpn-x3-fp32.onnx reads luma, the network Y, U and V of 4:2:0.');
});

test('what people read has every convolution, every stored tensor and the verdict', async () => {
  const { stdout } = await srvid(['doctor', root('bench/models/abpn-x3-int8-unlowered.onnx'), ...SMALL, ...pictures]);
  const text = stdout.toString();
  expect(text).toMatch(/^Speed at 64x48, one thread: \d+\.\d ms; as srvid lower writes it \d+\.\d ms$/m);
  expect(text).toMatch(/^conv6 +3x3 27 to 9 +\d+\.\d\d ms +\d+\.\d\d ms +27 input channels.*srvid lower: input channels 27 to 28, output channels 9 to 16$/m);
  expect(text).toMatch(/^PSNR \d+\.\d\d dB, worst \d+\.\d\d; mean luma [+-]\d\.\d{3} levels$/m);
  expect(text).toMatch(/^relu0\.bytes +0\.00\.\.\d\.\d{2,3} +\d+\.\d % +0\.00 % +\d+\.\d % +\d+\.\d dB$/m);
  expect(text).toMatch(/^Verdict: healthy/m);
});

test('pictures of one’s own are used, a folder or a video, and the worst tiles are drawn', async () => {
  const tiles = join(folder, 'tiles.png');
  const { found } = await examined(`${FIXTURES}linear-int8.onnx`, ...pictures, '--tiles', tiles);
  expect(found.quality?.pictures).toMatchObject({ count: 2, size: '120x88' });
  const { streams } = await ffprobe<{ streams: { codec_name: string; width: number; height: number }[] }>(tiles, '-show_streams');
  expect(streams[0]).toMatchObject({ codec_name: 'png', width: 3 * 148 + 4, height: 6 * 148 + 4 });
  // Left the reference, in the middle the network: darker.
  const [left, middle] = await Promise.all(
    [0, 1].map(async (column) => (await rawFrames(tiles, 'gray', `crop=144:144:${4 + column * 148}:4`)).reduce((sum, value) => sum + value, 0)),
  );
  expect(middle).toBeLessThan((left ?? 0) * 0.95);
  expect((await srvid(['doctor', `${FIXTURES}linear-int8.onnx`, '--tiles', tiles])).stderr).toContain('[SRVID_OUTPUT_EXISTS]');
  const video = await examined(`${FIXTURES}linear-int8.onnx`, '--images', root('examples/clips/city-360p25.mp4'));
  expect(video.found.quality?.pictures).toMatchObject({ count: 8, size: '384x216' });
});

test('a network of one fixed size is timed and shown pictures at that', async () => {
  const network = new Network(2);
  const path = join(folder, 'fixed.onnx');
  await writeFile(path, network.bytes(network.layer(network.input(1, 'uint8', [40, 56]), 1, 1, 3), 1));
  const { found } = await examined(path, ...pictures);
  expect(found.input.size).toBe('56x40');
  expect(found.speed).toMatchObject({ width: 56, height: 40 });
  expect(found.quality?.pictures.size).toBe('56x40');
});

describe('srvid doctor refuses', () => {
  beforeAll(async () => {
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=60x90:r=1', '-frames:v', '1', join(folder, 'small.png'));
    const wide = new Network(2);
    await writeFile(join(folder, 'features.onnx'), wide.bytes(wide.layer(wide.input(1), 1, 16, 3), 16));
    const four = new Network(2);
    await writeFile(join(folder, 'four.onnx'), four.bytes(four.layer(four.input(4), 4, 1, 3), 1));
    const large = new Network(2);
    await writeFile(join(folder, 'large.onnx'), large.bytes(large.layer(large.input(1, 'uint8', [2000, 3000]), 1, 1, 3), 1));
  });

  it.each([
    ['a network that gives features', 'features.onnx', [], 'SRVID_MODEL_UNSUPPORTED', 'depth-to-space'],
    ['a network of four channels', 'four.onnx', [], 'SRVID_MODEL_UNSUPPORTED', '4 channels'],
    ['pictures smaller than the network', 'large.onnx', [], 'SRVID_INPUT_UNSUPPORTED', '3000x2000'],
    [
      'a reference of another scale',
      `${FIXTURES}linear-int8.onnx`,
      ['--reference', root('models/abpn-x3-fp32.onnx')],
      'SRVID_MODEL_UNSUPPORTED',
      'the float network that it was made from',
    ],
    [
      'a reference of other channels',
      `${FIXTURES}grouped-int8.onnx`,
      ['--reference', root('models/abpn-x2-fp32.onnx')],
      'SRVID_MODEL_UNSUPPORTED',
      'reads luma, the network RGB',
    ],
    ['pictures that are not there', `${FIXTURES}linear-int8.onnx`, ['--images', '/nowhere'], 'SRVID_INPUT_NOT_FOUND', '/nowhere'],
    ['a drawing that is no PNG', `${FIXTURES}linear-int8.onnx`, ['--tiles', 'tiles.jpg'], 'SRVID_OUTPUT_FORMAT', '.png'],
    ['a network that is none', root('README.md'), [], 'SRVID_MODEL_INVALID', 'README.md'],
  ] as const)('%s', async (_, model, options, code, said) => {
    const own = options.map((option) => (option === 'SMALL' ? join(folder, 'small.png') : option));
    const result = await srvid(['doctor', model.startsWith('/') ? model : join(folder, model), ...SMALL, ...own, '--json']);
    expect(result.events).toEqual([expect.objectContaining({ v: 1, type: 'error', code, message: expect.stringContaining(said) })]);
    expect(result.code).toBeGreaterThan(0);
  });

  it('options of an examination without a network', async () => {
    const { code, stderr } = await srvid(['doctor', '--images', '.']);
    expect(stderr).toContain('[SRVID_OPTION_INVALID]');
    expect(code).toBe(2);
  });
});
