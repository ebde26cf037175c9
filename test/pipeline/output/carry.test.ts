import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { probeFile } from '../../../dist/pipeline/ffmpeg/probe.js';
import { planCarry } from '../../../dist/pipeline/output/carry.js';
import { containerFor } from '../../../dist/pipeline/output/container.js';
import { chosenTracks } from '../../../dist/pipeline/output/track-choice.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';

let folder = '';
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(at('text.srt'), '1\n00:00:00,100 --> 00:00:00,300\nHello\n');
  const sound = (layout: string) => ['-f', 'lavfi', '-i', `sine=d=0.4:r=48000,aformat=channel_layouts=${layout}`];
  await ffmpeg(
    ...['-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=0.4', ...sound('stereo'), ...sound('5.1(side)'), ...sound('2.1'), '-i', at('text.srt')],
    ...['-map', '0', '-map', '1', '-map', '1', '-map', '2', '-map', '3', '-map', '2', '-map', '4', '-pix_fmt', 'yuv420p'],
    ...['-c:a:0', 'aac', '-c:a:1', 'vorbis', '-strict', '-2', '-c:a:2', 'ac3', '-c:a:3', 'flac', '-c:a:4', 'wavpack', '-c:s', 'ass', at('in.mkv')],
  );
});

async function plan(output: string, tracks?: readonly string[]) {
  const binary = await findFfmpeg();
  const probe = await probeFile(binary, at('in.mkv'));
  const request = { binary, container: containerFor(output, undefined), toPipe: false, input: probe.input, head: undefined, salvage: false, signal: undefined };
  return planCarry({ ...request, probe, processed: probe.streams[0] as (typeof probe.streams)[number], tracks });
}

describe('a muxer is asked, and what it does not take is converted with a warning', () => {
  test.each([
    ['a.mkv', ['copy', 'copy', 'copy', 'copy', 'copy', 'copy']],
    ['a.mp4', ['copy', 'copy|aac', 'copy', 'copy', 'aac', 'mov_text']],
    ['a.mov', ['copy', 'copy|aac', 'copy', 'pcm_s16le', 'pcm_s16le', 'mov_text']],
    ['a.webm', ['libopus', 'copy', 'libopus', 'libopus', 'libopus', 'webvtt']],
    ['a.ts', ['copy', 'aac', 'copy', 'aac', 'aac']],
    ['a.avi', ['copy|libmp3lame', 'copy|libmp3lame', 'copy', 'copy|pcm_s16le', 'copy|pcm_s16le']],
  ])('into %s', async (output, expected) => {
    const { streams, warnings } = await plan(output);
    expect(streams).toHaveLength(expected.length);
    for (const [order, { codec }] of streams.entries()) expect(codec, `stream ${order + 1}`).toMatch(new RegExp(`^(${expected[order]})$`));
    const converted = streams.filter(({ codec }) => codec !== 'copy');
    expect(warnings).toHaveLength(converted.length + 6 - expected.length);
    for (const { index, codec } of converted)
      expect(warnings).toContainEqual(expect.stringMatching(new RegExp(`stream ${index} \\(.*\\) becomes ${codec}.*because`)));
  });

  test('a layout that the encoder refuses is mapped to one with as many channels, and the warning names both', async () => {
    const { streams, warnings } = await plan('a.webm', ['3']);
    expect(streams).toMatchObject([{ index: 3, codec: 'libopus', filter: expect.stringContaining('5.1') }]);
    expect(warnings).toEqual([expect.stringContaining('with 5.1 instead of 5.1(side)')]);
  });
});

describe('a choice of tracks', () => {
  const streams = ['video', 'audio', 'audio', 'subtitle', 'data'].map((codec_type, index) => ({ index, codec_type }));
  const [video] = streams as [{ index: number; codec_type: string }];
  const probe = { input: { url: '', options: [] }, streams, chapters: 0, formatName: 'matroska', durationSeconds: 1, startSeconds: 0 };

  test.each([
    [undefined, [1, 2, 3, 4]],
    [['all'], [1, 2, 3, 4]],
    [['none'], []],
    [['audio'], [1, 2]],
    [
      ['subtitle', '1'],
      [1, 3],
    ],
    [['-data'], [1, 2, 3]],
    [['audio', '-2'], [1]],
    [
      ['-audio', '2'],
      [2, 3, 4],
    ],
    [['-all'], []],
  ])('of %j takes streams %j', (words, expected) => {
    expect(chosenTracks(probe, video, words).map(({ index }) => index)).toEqual(expected);
  });

  test.each(['7', '0', '-9'])('of stream %s is refused, and the message names the streams there are', async (word) => {
    const error = await failureOf(() => chosenTracks(probe, video, [word]));
    expect(error.code).toBe('SRVID_OPTION_INVALID');
    expect(error.message).toContain('1 (audio), 2 (audio), 3 (subtitle), 4 (data)');
  });
});
