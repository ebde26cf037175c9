import { expect, test } from 'vitest';
import { findFfmpeg, videoEncoders } from '../../../dist/pipeline/ffmpeg/binary.js';
import { failureOf } from '../../helpers/errors.js';
import { fakeProgram } from '../../helpers/fake-program.js';
import { temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const saying = async (banner: string) => {
  const path = await fakeProgram(folder, `says-${banner.replaceAll(/\W/g, '-')}`, `console.log(${JSON.stringify(`${banner}\nbuilt with care`)});`);
  return { FFMPEG_PATH: path, FFPROBE_PATH: path };
};

test('the ffmpeg on the path is found, and has the encoders that it lists', async () => {
  const binary = await findFfmpeg({ PATH: process.env['PATH'] });
  expect(binary.banner).toContain('ffmpeg version');
  const encoders = await videoEncoders(binary);
  expect(encoders).toContain('ffv1');
  expect(encoders).not.toContain('aac');
  expect(encoders).not.toContain('=');
});

test.each([
  ['ffmpeg version 5.1.9-0+deb12u1 Copyright', '5.1.9-0+deb12u1'],
  ['ffmpeg version n7.0 Copyright', '7.0'],
  ['ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright', '9.0.2-17-g2a571b6068-20260930'],
  ['ffmpeg version 2025-06-02-git-688f3944ce-full_build Copyright\nlibavutil      60.  3.100 / 60.  3.100', '2025-06-02-git-688f3944ce-full_build'],
  ['ffmpeg version N-107600-gabcdef0123 Copyright\nlibavutil      57. 28.100 / 57. 28.100', 'N-107600-gabcdef0123'],
  ['ffmpeg version 10.2 Copyright', '10.2'],
  ['ffmpeg version N-118315-g4f3c9f2f03-20250121 Copyright', 'N-118315-g4f3c9f2f03-20250121'],
  ['ffmpeg version git-2024-01-01-abcdef Copyright', 'git-2024-01-01-abcdef'],
])('%s is new enough', async (banner, version) => {
  expect((await findFfmpeg(await saying(banner))).version).toBe(version);
});

test.each([
  'ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright',
  'ffmpeg version 5.0 Copyright',
  'ffmpeg version n4.9 Copyright',
  'ffmpeg version n5.0-12-gabcdef Copyright',
  'ffmpeg version N-105000-gabcdef0123 Copyright\nlibavutil      57. 17.100 / 57. 17.100',
  'ffmpeg version git-2020-01-01-abcdef Copyright\nlibavutil      56. 38.100 / 56. 38.100',
])('%s is too old, and the message says what is needed', async (banner) => {
  const error = await failureOf(async () => findFfmpeg(await saying(banner)));
  expect(error.code).toBe('SRVID_FFMPEG_TOO_OLD');
  expect(error.message).toContain('5.1');
});

test('an ffprobe that is too old is refused as well, by its own name', async () => {
  const { FFPROBE_PATH } = await saying('ffprobe version 4.4 Copyright');
  const error = await failureOf(async () => findFfmpeg({ ...(await saying('ffmpeg version 7.1')), FFPROBE_PATH }));
  expect(error.code).toBe('SRVID_FFMPEG_TOO_OLD');
  expect(error.message).toMatch(/ffprobe 4\.4 .*FFPROBE_PATH/);
});

test('an ffmpeg or ffprobe that is not there is named, with how to come by it', async () => {
  const here = await saying('ffmpeg version 7.1');
  for (const [variable, name] of [
    ['FFMPEG_PATH', 'ffmpeg'],
    ['FFPROBE_PATH', 'ffprobe'],
  ] as const) {
    const error = await failureOf(() => findFfmpeg({ ...here, [variable]: '/nowhere/at-all' }));
    expect(error.code).toBe('SRVID_FFMPEG_MISSING');
    expect(error.message).toMatch(new RegExp(`${name} as "/nowhere/at-all".*apt install ffmpeg.*${variable}`));
  }
});
