import { expect, test } from 'vitest';
import { containerFor } from '../../../dist/pipeline/output/container.js';
import { failureOf } from '../../helpers/errors.js';

test.each([
  ['out.mp4', undefined, 'mp4'],
  ['OUT.MP4', undefined, 'mp4'],
  ['a.b/out.mkv', undefined, 'matroska'],
  ['out.webm', undefined, 'webm'],
  ['out.ts', undefined, 'mpegts'],
  ['out.mov', undefined, 'mov'],
  ['out.mkv', 'mp4', 'mp4'],
  ['-', 'matroska', 'matroska'],
  ['-', 'mkv', 'matroska'],
  ['out', 'ts', 'mpegts'],
])('%s with --format %s is written as %s', (output, format, muxer) => {
  expect(containerFor(output, format).muxer).toBe(muxer);
});

test.each([
  ['out', undefined],
  ['out.xyz', undefined],
  ['out.mp4.', undefined],
  ['-', undefined],
  ['out.mp4', 'xyz'],
  ['out.mp4', ''],
  ['out.mp4', 'constructor'],
  ['out.mp4', '__proto__'],
  ['out.toString', undefined],
])('%s with --format %s is refused, and the message names what there is', async (output, format) => {
  const error = await failureOf(() => containerFor(output, format));
  expect(error.code).toBe('SRVID_OUTPUT_FORMAT');
  expect(error.message).toContain('matroska');
});

test('mp4 on a pipe is fragmented, since a pipe cannot be gone back in', () => {
  const { options } = containerFor('-', 'mp4');
  expect(options(true).join(' ')).toContain('empty_moov');
  expect(options(false).join(' ')).toContain('faststart');
});
