import { expect, test } from 'vitest';
import { carryAudio, containerFor } from '../../dist/pipeline/container.js';
import { failureOf } from '../helpers/errors.js';

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

const audio = (...codecs: (string | undefined)[]) => codecs.map((codec_name, index) => ({ index, codec_type: 'audio', codec_name }));

test('audio that the container holds is copied, other audio encoded anew with a warning', () => {
  const mp4 = carryAudio(containerFor('a.mp4', undefined), audio('aac', 'vorbis', 'opus'));
  expect(mp4.options).toEqual(['-c:a:0', 'copy', '-c:a:1', 'aac', '-c:a:2', 'copy']);
  expect(mp4.warnings).toHaveLength(1);
  expect(mp4.warnings[0]).toMatch(/track 2 is vorbis.*\.mkv/);
});

test('matroska takes every audio as it is', () => {
  const { options, warnings } = carryAudio(containerFor('a.mkv', undefined), audio('aac', 'vorbis', 'pcm_s24be', undefined));
  expect(options.filter((_, index) => index % 2 === 1)).toEqual(['copy', 'copy', 'copy', 'copy']);
  expect(warnings).toEqual([]);
});

test('mp4 on a pipe is fragmented, since a pipe cannot be gone back in', () => {
  const { options } = containerFor('-', 'mp4');
  expect(options(true).join(' ')).toContain('empty_moov');
  expect(options(false).join(' ')).toContain('faststart');
});
