import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { findFfmpeg } from '../../../dist/pipeline/ffmpeg/binary.js';
import { type InputLimits, NO_REFERENCES } from '../../../dist/pipeline/ffmpeg/input-file.js';
import { probeBytes, probeFile } from '../../../dist/pipeline/ffmpeg/probe.js';
import { failureOf } from '../../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';

const binary = await findFfmpeg();
const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const trusting: InputLimits = { ...NO_REFERENCES, references: true };

const MPD = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`;

beforeAll(async () => {
  await mkdir(at('elsewhere'));
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=96x64:r=25:d=0.4', '-pix_fmt', 'yuv420p', at('secret.mp4'));
  await ffmpeg('-i', at('secret.mp4'), '-c', 'copy', at('elsewhere/part.ts'));
  for (const [name, part] of [
    ['relative.m3u8', 'elsewhere/part.ts'],
    ['absolute.m3u8', at('elsewhere/part.ts')],
    ['url.m3u8', `file:${at('elsewhere/part.ts')}`],
  ] as const) {
    const list = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:0.4,\n${part}\n#EXT-X-ENDLIST\n`;
    await writeFile(at(name), list);
    await writeFile(at(name.replace('.m3u8', '.mp4')), list);
  }
  await writeFile(at('list.ffconcat'), "ffconcat version 1.0\nfile 'secret.mp4'\n");
  await writeFile(at('concat.mp4'), "ffconcat version 1.0\nfile 'secret.mp4'\n");
  await writeFile(at('dash.mpd'), MPD);
  await writeFile(at('dash.mp4'), MPD);
  await writeFile(at('session.sdp'), 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n');
  for (const [name, size] of [
    ['pic1', '32x16'],
    ['pic2', '64x48'],
  ])
    await ffmpeg('-f', 'lavfi', '-i', `testsrc=s=${size}`, '-frames:v', '1', at(`${name}.png`));
  for (const name of ['pic%d.png', 'pic%*.png', 'pic*.png', 'pic[12].png', 'pic{1}.png']) await copyFile(at('pic2.png'), at(name));
  await mkdir(at('50%d'));
  await copyFile(at('pic2.png'), at('50%d/a.png'));
  await copyFile(at('pic1.png'), at('501'));
  await copyFile(at('secret.mp4'), at('100%d.mp4'));
  await symlink('relative.m3u8', at('link.mp4'));
});

const PLAYLISTS = ['relative.m3u8', 'absolute.m3u8', 'url.m3u8', 'relative.mp4', 'absolute.mp4', 'url.mp4', 'link.mp4', 'list.ffconcat', 'concat.mp4'];

test.each([...PLAYLISTS, 'dash.mpd', 'dash.mp4', 'session.sdp', 'pic%02d.png'])('%s is refused, since it names other files', async (name) => {
  const error = await failureOf(() => probeFile(binary, at(name)));
  expect(['SRVID_INPUT_REFERENCES', 'SRVID_INPUT_UNREADABLE']).toContain(error.code);
  // ffmpeg 7.1 knows a playlist under another name for none, and reads nothing from it.
  if (name !== 'pic%02d.png' && !error.message.includes('Invalid data found')) expect(error.message).toContain('--allow-references');
});

test.each(PLAYLISTS.slice(0, 3))('%s is read by who allows it', async (name) => {
  const { streams, input } = await probeFile(binary, at(name), trusting);
  expect(streams[0]).toMatchObject({ width: 96 });
  expect(input.options.join(' ')).not.toContain('whitelist file,http');
});

test('a playlist that comes over a pipe opens nothing', async () => {
  for (const text of [
    `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${at('elsewhere/part.ts')}\n#EXT-X-ENDLIST\n`,
    `ffconcat version 1.0\nfile '${at('secret.mp4')}'\n`,
  ])
    expect((await failureOf(() => probeBytes(binary, Buffer.from(text), 'standard input'))).code).toMatch(/^SRVID_INPUT_(REFERENCES|UNREADABLE)$/);
});

test.each(['pic%d.png', 'pic%*.png', 'pic*.png', 'pic[12].png', 'pic{1}.png', '50%d/a.png'])('%s is read as the file of that name', async (name) => {
  const { streams, input } = await probeFile(binary, at(name));
  expect(streams.map(({ width }) => width)).toEqual([64]);
  expect(input.url).toBe(`file:${at(name)}`);
});

test.each(['secret.mp4', '100%d.mp4', 'pic1.png'])('%s, one file, is read as ever', async (name) => {
  expect((await probeFile(binary, at(name))).streams[0]?.codec_type).toBe('video');
});

test('a frame of more pixels than are taken is refused before it is decoded, with the need for memory', async () => {
  await ffmpeg('-f', 'lavfi', '-i', 'color=s=4096x4096:d=0.04', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', at('large.mp4'));
  const error = await failureOf(() => probeFile(binary, at('large.mp4'), { references: false, maxPixels: 10_000_000 }));
  expect(error.code).toBe('SRVID_INPUT_TOO_LARGE');
  expect(error.message).toMatch(/4096x4096, 16777216 pixels.* GB of memory.*--max-pixels 16777216/s);
});
