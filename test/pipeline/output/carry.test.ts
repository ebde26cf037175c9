import { expect, test } from 'vitest';
import { planCarry } from '../../../dist/pipeline/output/carry.js';
import { containerFor } from '../../../dist/pipeline/output/container.js';

const video = { index: 0, codec_type: 'video', codec_name: 'h264' };

function probeWith(...streams: { codec_type: string; codec_name?: string; disposition?: Record<string, number> }[]) {
  const numbered = streams.map((stream, index) => ({ index: index + 1, ...stream }));
  return { streams: [video, ...numbered], chapters: 0, formatName: 'matroska', durationSeconds: 1, startSeconds: 0 };
}

const plan = (output: string, ...streams: Parameters<typeof probeWith>) => planCarry(containerFor(output, undefined), probeWith(...streams), video);

test('audio that the container holds is copied, other audio encoded anew with a warning', () => {
  const { streams, warnings } = plan('a.mp4', { codec_type: 'audio', codec_name: 'aac' }, { codec_type: 'audio', codec_name: 'vorbis' });
  expect(streams).toEqual([
    { index: 1, codec: 'copy' },
    { index: 2, codec: 'aac' },
  ]);
  expect(warnings).toEqual([expect.stringMatching(/Audio stream 2 \(vorbis\) becomes aac.*\.mkv/)]);
});

test('matroska takes every audio as it is', () => {
  const { streams, warnings } = plan('a.mkv', ...['aac', 'vorbis', 'pcm_s24be'].map((codec_name) => ({ codec_type: 'audio', codec_name })));
  expect(streams.map(({ codec }) => codec)).toEqual(['copy', 'copy', 'copy']);
  expect(warnings).toEqual([]);
});

test.each([
  ['a.mp4', 'subrip', 'mov_text'],
  ['a.mp4', 'mov_text', 'copy'],
  ['a.mp4', 'hdmv_pgs_subtitle', undefined],
  ['a.mkv', 'mov_text', 'subrip'],
  ['a.mkv', 'hdmv_pgs_subtitle', 'copy'],
  ['a.webm', 'ass', 'webvtt'],
  ['a.avi', 'subrip', undefined],
])('into %s a subtitle of kind %s goes as %s', (output, codec_name, codec) => {
  const { streams, warnings } = plan(output, { codec_type: 'subtitle', codec_name });
  expect(streams).toEqual(codec === undefined ? [] : [{ index: 1, codec }]);
  expect(warnings).toHaveLength(codec === 'copy' ? 0 : 1);
});

test('a cover is attached anew in matroska and copied as a picture in mp4', () => {
  const cover = { codec_type: 'video', codec_name: 'png', disposition: { attached_pic: 1 } };
  expect(plan('a.mkv', cover)).toMatchObject({ streams: [], covers: [{ index: 1 }], warnings: [] });
  expect(plan('a.mp4', cover)).toMatchObject({ streams: [{ index: 1, codec: 'copy' }], covers: [], warnings: [] });
});

test('a data stream is named in a warning', () => {
  const { streams, warnings } = plan('a.mkv', { codec_type: 'data', codec_name: 'bin_data' });
  expect(streams).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining('Data stream 1 (bin_data) is left out')]);
});
