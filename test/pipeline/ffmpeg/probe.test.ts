import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { finite, probeBytes, probeFile } from '../../../dist/pipeline/ffmpeg/probe.js';
import { describeSource } from '../../../dist/pipeline/input/source.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const binary = await findFfmpeg();
const clip = join(folder, '-it is "odd" & 100%.mkv');
await ffmpeg(
  '-f',
  'lavfi',
  '-i',
  'testsrc=size=32x24:rate=25:duration=0.4',
  '-f',
  'lavfi',
  '-i',
  'sine=duration=0.4',
  '-c:v',
  'ffv1',
  '-pix_fmt',
  'yuv422p',
  '-aspect',
  '16:9',
  `file:${clip}`,
);

test('a real file is described by what ffprobe finds, whatever its name', async () => {
  const { info, probe } = describeSource(clip, await probeFile(binary, clip));
  expect(info).toMatchObject({
    format: { kind: 'yuv422p', width: 32, height: 24 },
    frameRate: { num: 25, den: 1 },
    timeBase: { num: 1, den: 1000 },
    sampleAspect: { num: 4, den: 3 },
  });
  expect(probe.streams.map((stream) => stream.codec_type)).toEqual(['video', 'audio']);
});

test('the bytes of a file tell the same as the file', async () => {
  const { streams } = await probeBytes(binary, await readFile(clip), 'standard input');
  expect(streams.map(({ codec_name, width }) => [codec_name, width])).toEqual(
    (await probeFile(binary, clip)).streams.map(({ codec_name, width }) => [codec_name, width]),
  );
});

test.each([
  ['empty', 'SRVID_INPUT_UNREADABLE', ''],
  ['text', 'SRVID_INPUT_UNREADABLE', 'This is not a video, but a long enough text that somebody took for one.'],
  ['a playlist of other files', 'SRVID_INPUT_REFERENCES', '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n'],
])('a file that is %s is refused, as file and as stream', async (name, code, text) => {
  const path = join(folder, `${name}.mp4`);
  await writeFile(path, text);
  for (const work of [() => probeFile(binary, path), () => probeBytes(binary, Buffer.from(text), 'standard input')]) {
    const error = await failureOf(work);
    // ffprobe 7.1 knows a playlist under another name for none.
    expect(error.code).toBe(error.message.includes('Invalid data found') ? 'SRVID_INPUT_UNREADABLE' : code);
    expect(error.message.length).toBeLessThan(1000);
  }
});

test('an ffprobe that cannot be run is told as such, not hung upon', async () => {
  const missing = { ...binary, ffprobe: '/nowhere/ffprobe' };
  expect((await failureOf(() => probeFile(missing, clip))).code).toBe('SRVID_INPUT_UNREADABLE');
  expect((await failureOf(() => probeBytes(missing, Buffer.from('x'), 'standard input'))).code).toBe('SRVID_INPUT_UNREADABLE');
});

test.each([
  ['1.5', 1.5],
  ['-0.033', -0.033],
  ['N/A', undefined],
  ['', undefined],
  [undefined, undefined],
  ['inf', undefined],
  ['1e999', undefined],
])('ffprobe’s %j is the number %s', (text, number) => {
  expect(finite(text)).toBe(number);
});
