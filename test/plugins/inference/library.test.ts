import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseModel, readModelFile, serializeModel } from '../../../dist/onnx/model-file.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary, parseManifest } from '../../../dist/plugins/inference/library.js';
import { loadModel } from '../../../dist/plugins/inference/model.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { fuzzCases } from '../../helpers/random.js';

const folder = await temporaryFolder();
const shipped = await loadModelLibrary();
const entry = shipped.models.find(({ planes, scale }) => planes === 'y' && scale !== undefined) as ModelEntry;
const library = (...models: Partial<ModelEntry>[]) =>
  new ModelLibrary(
    new URL('file:///nowhere/'),
    models.map((model) => ({ ...entry, ...model })),
  );

test('every model that is shipped is the file that was measured, and has its card', async () => {
  expect(shipped.models.length).toBeGreaterThan(0);
  for (const model of shipped.models) {
    const { path } = await shipped.load(model);
    expect((await readFile(path)).length).toBe(model.bytes);
    expect(await readFile(new URL(model.card, shipped.folder), 'utf8')).toMatch(new RegExp(`^# ${model.family.replace(/^(pcsr)-\w+$/, '$1')}`, 'i'));
  }
});

test('every model that is shipped has a name of its own, which says what it is', () => {
  expect(new Set(shipped.models.map((model) => model.id)).size).toBe(shipped.models.length);
  for (const { id, family, scale, precision, planes } of shipped.models) {
    const form = scale === undefined ? '' : { y: `-x${scale}`, rgb: `-rgb-x${scale}`, yuv: '' }[planes];
    expect(id).toBe(`${family}${form}-${precision}`);
  }
});

test('auto is int8 where there is one, else fp32', () => {
  const both = library({ id: 'f', precision: 'fp32', scale: 2 }, { id: 'i', precision: 'int8', scale: 2 }, { id: 'only-f', precision: 'fp32', scale: 3 });
  expect(both.resolve({ family: entry.family, scale: 2 }, 'auto').id).toBe('i');
  expect(both.resolve({ family: entry.family, scale: 2 }, 'fp32').id).toBe('f');
  expect(both.resolve({ family: entry.family, scale: 3 }, 'auto').id).toBe('only-f');
});

test('what a plugin says of precision goes before what the user says', () => {
  const both = library({ id: 'f', precision: 'fp32', scale: 2 }, { id: 'i', precision: 'int8', scale: 2 });
  expect(both.resolve({ family: entry.family, scale: 2, precision: 'fp32' }, 'int8').id).toBe('f');
});

test('a model that is not installed is named with all that are', async () => {
  const some = library({ id: 'abpn-x2-int8', precision: 'int8', scale: 2 }, { id: 'abpn-x3-int8', precision: 'int8', scale: 3 });
  for (const [spec, precision] of [
    [{ family: 'abpn', scale: 4 }, 'auto'],
    [{ family: 'espcn', scale: 2 }, 'auto'],
    [{ family: 'abpn', scale: 2 }, 'fp32'],
    [{ family: 'abpn', scale: 2, planes: 'rgb' }, 'auto'],
  ] as const) {
    const error = await failureOf(() => some.resolve(spec, precision));
    expect(error.code).toBe('SRVID_MODEL_UNKNOWN');
    expect(error.message).toContain('abpn-x2-int8, abpn-x3-int8');
    expect(error.message).toContain(`scale ${spec.scale}`);
  }
});

test('where a family is installed at other scales, those of the same planes are told, once each and ascending', async () => {
  const some = library(
    { id: 'abpn-x3-int8', scale: 3, precision: 'int8' },
    { id: 'abpn-x2-int8', scale: 2, precision: 'int8' },
    { id: 'abpn-x3-fp32', scale: 3, precision: 'fp32' },
    { id: 'abpn-rgb-x3-int8', scale: 3, precision: 'int8', planes: 'rgb' },
    { id: 'other-x4-int8', scale: 4, precision: 'int8', family: 'other' },
  );
  const luma = await failureOf(() => some.resolve({ family: 'abpn', scale: 4 }, 'auto'));
  expect(luma.message).toContain('of abpn on luma only x2, x3 is installed: abpn-x3-int8, abpn-x2-int8, abpn-x3-fp32.');
  const rgb = await failureOf(() => some.resolve({ family: 'abpn', scale: 2, planes: 'rgb' }, 'auto'));
  expect(rgb.message).toContain('of abpn on RGB only x3 is installed: abpn-rgb-x3-int8.');
});

test('a file that was changed by one bit is refused, with both hashes', async () => {
  const path = join(folder, entry.file);
  await copyFile(new URL(entry.file, shipped.folder), path);
  const here = () => new ModelLibrary(pathToFileURL(`${folder}/`), [entry]).load(entry);
  expect((await here()).path).toBe(path);
  const bytes = await readFile(path);
  bytes[1000] = (bytes[1000] as number) ^ 1;
  await writeFile(path, bytes);
  const error = await failureOf(here);
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toContain(entry.sha256);
});

test('a file that is not there is refused with its path', async () => {
  const error = await failureOf(() => library({}).load(entry));
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toContain(`/nowhere/${entry.file}`);
});

test.each(['{', '{}', '{"version":2,"models":[]}', 'null', '[]', ''])('a list of models that holds %j is refused with its path', async (text) => {
  await writeFile(join(folder, 'manifest.json'), text);
  const error = await failureOf(() => loadModelLibrary(pathToFileURL(`${folder}/`)));
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toContain(join(folder, 'manifest.json'));
});

test.each([
  { file: '../../etc/passwd' },
  { file: 'a/b.onnx' },
  { file: 'http://x/y.onnx' },
  { sha256: 'abc' },
  { scale: 0 },
  { halo: -1 },
  { precision: 'fp16' },
  { planes: 'uv' },
  { bytes: 1.5 },
])('an entry with %j is refused', (change) => {
  expect(() => parseManifest(JSON.stringify({ version: 1, models: [{ ...entry, ...change }] }))).toThrow();
  expect(parseManifest(JSON.stringify({ version: 1, models: [entry] }))).toEqual([entry]);
});

test('whatever a list of models holds, it is read or refused, and names no file elsewhere', () => {
  const keys = Object.keys(entry) as (keyof ModelEntry)[];
  const change = fc.record({ key: fc.constantFrom(...keys), value: fc.jsonValue() });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc
          .array(change)
          .map((changes) => JSON.stringify({ version: 1, models: [Object.assign({ ...entry }, ...changes.map(({ key, value }) => ({ [key]: value })))] })),
      ),
      (json) => {
        try {
          for (const { file, scale } of parseManifest(json)) {
            expect(file).toMatch(/^[\w.-]+$/);
            expect(scale ?? 1).toBeGreaterThan(0);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).name).not.toBe('AssertionError');
        }
      },
    ),
    { numRuns: fuzzCases(1000) },
  );
});

test.each([
  ['halo', 1e15, '1024'],
  ['align', 1e6, '256'],
  ['scale', 1e9, '16'],
])('a manifest whose %s is %d is refused by the name of the field and its limit', async (field, value, limit) => {
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ version: 1, models: [{ ...entry, [field]: value }] }));
  const error = await failureOf(() => loadModelLibrary(pathToFileURL(`${folder}/`)));
  expect(error.code).toBe('SRVID_MODEL_INVALID');
  expect(error.message).toContain(`models.0.${field}`);
  expect(error.message).toContain(limit);
});

test('values in another file are taken only where the manifest lists it with its sha256, and never from the working folder', async () => {
  const place = join(folder, 'external');
  await mkdir(place);
  const model = parseModel(await readFile(new URL(entry.file, shipped.folder)), entry.file);
  const tensor = model.graph.initializer.find(({ rawData }) => rawData.length > 64) as (typeof model.graph.initializer)[number];
  const values = tensor.rawData;
  const location = { $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'weights.bin' } as (typeof tensor.externalData)[number];
  Object.assign(tensor, { rawData: new Uint8Array(), dataLocation: 1, externalData: [location] });
  const bytes = serializeModel(model);
  const hash = (content: Uint8Array) => createHash('sha256').update(content).digest('hex');
  await writeFile(join(place, entry.file), bytes);
  await writeFile(join(place, 'weights.bin'), values);
  const verify = (external?: ModelEntry['external']) => {
    const split = { ...entry, sha256: hash(bytes), external };
    return new ModelLibrary(pathToFileURL(`${place}/`), [split]).load(split);
  };

  const unlisted = await failureOf(() => verify());
  expect(unlisted.code).toBe('SRVID_MODEL_INVALID');
  expect(unlisted.message).toContain('"weights.bin", which the manifest does not list');
  expect((await failureOf(() => verify([{ file: 'weights.bin', sha256: hash(Buffer.from('other')) }]))).message).toContain(
    'not the file that the manifest lists',
  );

  const network = await loadModel(await verify([{ file: 'weights.bin', sha256: hash(values) }]));
  await network.release();
  const error = await failureOf(() => readModelFile(join(place, entry.file)));
  expect(error.code).toBe('SRVID_MODEL_UNSUPPORTED');
  expect(error.message).toContain('"weights.bin"');
});
