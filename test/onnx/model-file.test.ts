import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Graph } from '../../dist/onnx/graph.js';
import { parseModel, readModelFile, serializeModel } from '../../dist/onnx/model-file.js';
import { failureOf } from '../helpers/errors.js';

const ROOT = new URL('../../', import.meta.url);
const folders = ['models/', 'bench/models/', 'test/fixtures/models/'];
const files = (await Promise.all(folders.map(async (folder) => (await readdir(new URL(folder, ROOT))).map((name) => `${folder}${name}`))))
  .flat()
  .filter((path) => path.endsWith('.onnx'));

test.each(files)('%s is written again byte for byte as it was read', async (path) => {
  const bytes = await readFile(new URL(path, ROOT));
  expect(Buffer.compare(serializeModel(parseModel(bytes, path)), bytes)).toBe(0);
});

test('there are models of two writers to read', () => {
  expect(files.length).toBeGreaterThan(8);
});

test('what the schema does not know is kept: fields of the model and of its nodes', async () => {
  const bytes = await readFile(new URL('models/abpn-x2-int8.onnx', ROOT));
  // Fields of no ONNX version yet, 27 and 999, each with 3 bytes.
  const unknown = Uint8Array.of(0xda, 0x01, 3, 1, 2, 3, 0xba, 0x3e, 3, 4, 5, 6);
  const model = parseModel(Buffer.concat([bytes, unknown]), 'model');
  expect(Buffer.from(serializeModel(model)).includes(unknown)).toBe(true);
  expect(Buffer.from(serializeModel(new Graph(model).toModel())).includes(unknown)).toBe(true);
});

test.each([
  ['a text', Buffer.from('This is not a network.\n')],
  ['nothing', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(1000)],
])('%s is not a model', async (_, bytes) => {
  expect(await failureOf(() => parseModel(bytes, 'it.onnx'))).toMatchObject({ code: 'SRVID_MODEL_INVALID', message: expect.stringContaining('it.onnx') });
});

test('a model that was cut off anywhere is refused or still has its graph, never read in part', async () => {
  const bytes = await readFile(new URL('models/abpn-x2-int8.onnx', ROOT));
  for (let length = 0; length < bytes.length; length += 997) {
    const failure = await failureOf(() => parseModel(bytes.subarray(0, length), 'cut.onnx'));
    expect(failure.code).toBe('SRVID_MODEL_INVALID');
  }
});

test('a file that is not there is named', async () => {
  expect(await failureOf(() => readModelFile('/nowhere/net.onnx'))).toMatchObject({
    code: 'SRVID_INPUT_NOT_FOUND',
    message: expect.stringContaining('/nowhere/net.onnx'),
  });
});
