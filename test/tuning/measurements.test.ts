import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MeasurementCache, machineName } from '../../dist/tuning/measurements.js';
import { temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();

test('what was measured is there for the next run, beside what was there', async () => {
  const path = join(folder, 'new', 'measurements.json');
  await new MeasurementCache(path).set({ a: 1.5 });
  await new MeasurementCache(path).set({ b: 2 });
  const cache = new MeasurementCache(path);
  expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual([1.5, 2, undefined]);
});

test.each(['', 'not JSON', '[1]', 'null', '{"a":"fast","b":-1,"c":null}'])('a file that holds %j counts as empty, and is replaced', async (text) => {
  const path = join(folder, 'damaged.json');
  await writeFile(path, text);
  const cache = new MeasurementCache(path);
  expect([await cache.get('a'), await cache.get('b')]).toEqual([undefined, undefined]);
  await cache.set({ a: 3 });
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ a: 3 });
});

test('what is no file where measurements are kept counts as empty, without waiting', async () => {
  const fifo = join(folder, 'fifo.json');
  execFileSync('mkfifo', [fifo]);
  for (const path of [fifo, '/dev/zero']) expect(await new MeasurementCache(path).get('a')).toBeUndefined();
});

test('a folder that cannot be written to costs no run', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const cache = new MeasurementCache(join(file, 'measurements.json'));
  await cache.set({ a: 1 });
  expect(await cache.get('a')).toBeUndefined();
});

test('a machine is told apart by processor, cores and what runs on it', () => {
  expect(machineName('1.2.3')).toMatch(/\d+ cores, \w+, Node \d+, ONNX Runtime 1\.2\.3$/);
});
