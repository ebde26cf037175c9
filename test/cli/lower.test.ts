import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { Network } from '../../bench/networks.mjs';
import { lower } from '../../dist/onnx/lower.js';
import { readModelFile, serializeModel } from '../../dist/onnx/model-file.js';
import { srvid } from '../helpers/command.js';
import { temporaryFolder } from '../helpers/media.js';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const UNLOWERED = root('bench/models/abpn-x3-int8-unlowered.onnx');
let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

test('srvid lower says what it rewrote and how it was proven, and writes it', async () => {
  const output = join(folder, 'lowered.onnx');
  const { code, stdout } = await srvid(['lower', UNLOWERED, output]);
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(
    /^conv0: input channels 1 to 4\nconv5: output channels 27 to 28\nconv6: input channels 27 to 28, output channels 9 to 16\n/,
  );
  expect(stdout.toString()).toMatch(/28 random pictures of 7 sizes, 888408 bytes of output: the same bytes\.\n$/);
  expect(Buffer.compare(await readFile(output), serializeModel(lower(await readModelFile(UNLOWERED)).model))).toBe(0);
});

test('srvid lower --json has the same as one object', async () => {
  const { code, stdout } = await srvid(['lower', root('test/fixtures/models/grouped-int8.onnx'), join(folder, 'grouped.onnx'), '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout.toString())).toMatchObject({
    v: 1,
    type: 'lower',
    lowered: expect.arrayContaining([{ conv: 'grouped0', rewrites: [{ kind: 'dense', from: 4, to: 1 }] }]),
    proof: { sizes: expect.arrayContaining(['161x120', '5x3']), runs: 28 },
  });
});

test('an output that exists is left as it was without -y, and the input is never overwritten', async () => {
  const [input, output] = [join(folder, 'input.onnx'), join(folder, 'kept.onnx')];
  const bytes = await readFile(root('test/fixtures/models/depthwise-int8.onnx'));
  await writeFile(input, bytes);
  await writeFile(output, 'mine');
  expect((await srvid(['lower', input, output])).stderr).toContain('[SRVID_OUTPUT_EXISTS]');
  expect(await readFile(output, 'utf8')).toBe('mine');
  expect((await srvid(['lower', input, output, '-y'])).code).toBe(0);
  expect((await readFile(output)).length).toBeGreaterThan(4000);
  expect((await srvid(['lower', input, input, '-y'])).stderr).toContain('[SRVID_OUTPUT_IS_INPUT]');
  expect(Buffer.compare(await readFile(input), bytes)).toBe(0);
});

test('what cannot be proven is not written: nothing is left, and an existing file stays', async () => {
  // Not even the original gives its own bytes twice.
  const network = new Network(8);
  const value = network.dequantised(network.layer(network.input(1), 1, 9, 3), 1 / 100);
  const noisy = network.node('Add', [value, network.node('RandomUniformLike', [value])]);
  const model = network.model(network.quantised(noisy, 1 / 60), 9);
  const [input, output] = [join(folder, 'noisy.onnx'), join(folder, 'unproven.onnx')];
  await writeFile(input, serializeModel(model));
  await writeFile(output, 'mine');
  const before = await readdir(folder);
  const { code, stderr } = await srvid(['lower', input, output, '-y']);
  expect(stderr).toMatch(/differs from the original in \d+ of \d+ bytes.*\[SRVID_MODEL_DIFFERS\]/);
  expect(code).toBe(1);
  expect(await readFile(output, 'utf8')).toBe('mine');
  expect(await readdir(folder)).toEqual(before);
});

test.each([
  ['what is not there', 'nowhere.onnx', 'SRVID_INPUT_NOT_FOUND', 2],
  ['what is no network', 'README.md', 'SRVID_MODEL_INVALID', 1],
])('srvid lower refuses %s', async (_, path, error, exit) => {
  const { code, stderr } = await srvid(['lower', root(path), join(folder, 'none.onnx')]);
  expect(stderr).toContain(`[${error}]`);
  expect(code).toBe(exit);
});
