import { expect, test } from 'vitest';
import type { SessionRequest } from '../../dist/options/requests.js';
import { parseSessionOptions } from '../../dist/options/session.js';
import { inWordsOfPrograms } from '../../dist/options/table.js';
import { failureOf } from '../helpers/errors.js';

const given: SessionRequest = { input: 'in.mp4', output: 'out.mp4' };

test('input and output are enough; all else has a default', () => {
  expect(parseSessionOptions(given)).toMatchObject({
    preset: 'abpn',
    plugins: [],
    encoderOptions: [],
    realtime: false,
    device: 'cpu',
    precision: 'auto',
    overwrite: false,
  });
});

test('options cannot be changed once they are valid', () => {
  const options = parseSessionOptions(given) as { workers: number };
  expect(() => {
    options.workers = 7;
  }).toThrow(TypeError);
});

test.each<[string, Record<string, unknown>]>([
  ['input', { input: '' }],
  ['output', { output: undefined }],
  ['scale', { scale: 0 }],
  ['scale', { scale: 17 }],
  ['scale', { scale: Number.NaN }],
  ['scale', { scale: Number.POSITIVE_INFINITY }],
  ['scale', { scale: '2' }],
  ['size.width', { size: { width: 1, height: 10 } }],
  ['size.height', { size: { width: 10, height: 20_000 } }],
  ['height', { height: 1.5 }],
  ['encoder', { encoder: 'libx264 -y' }],
  ['crf', { crf: -1 }],
  ['encoderOptions', { encoderOptions: [['-y', '1']] }],
  ['encoderOptions', { encoderOptions: [['pre set', '1']] }],
  ['start', { start: -1 }],
  ['duration', { duration: 0 }],
  ['workers', { workers: 0 }],
  ['workers', { workers: 1.5 }],
  ['precision', { precision: 'fp16' }],
  ['inputFormat', { inputFormat: '-i /etc/passwd' }],
  ['sclae', { sclae: 2 }],
])('a bad %s is refused by name: %j', async (name, change) => {
  const error = await failureOf(() => parseSessionOptions({ ...given, ...change } as SessionRequest));
  expect(error.code).toBe('SRVID_OPTION_INVALID');
  expect(inWordsOfPrograms(error.message)).toContain(name);
});

test('a name that is no option, and a word that is not allowed, are answered with the nearest', async () => {
  const request = { ...given, sclae: 2, device: 'cud', precision: 'fp16', realtime: true, policy: 'bypas' } as unknown as SessionRequest;
  const { message } = await failureOf(() => parseSessionOptions(request));
  for (const said of [
    'no option "sclae". Did you mean "scale"?',
    '--device: "cud" is not cpu, cuda',
    'Did you mean "cuda"?',
    '"fp16" is not auto, int8 or fp32',
    'Did you mean "bypass"?',
  ])
    expect(message).toContain(said);
});

test('scale, size and height exclude one another', async () => {
  const size = { width: 100, height: 100 };
  for (const change of [
    { scale: 2, height: 720 },
    { scale: 2, size },
    { size, height: 720 },
  ]) {
    expect((await failureOf(() => parseSessionOptions({ ...given, ...change }))).message).toContain('give one of them');
  }
});

test('every complaint is told at once', async () => {
  const error = await failureOf(() => parseSessionOptions({ ...given, workers: 0, crf: 99 }));
  expect(error.message).toMatch(/workers/);
  expect(error.message).toMatch(/crf/);
});
