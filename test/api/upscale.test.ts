import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { describeCause } from '../../dist/errors.js';
import { type InputFrame, type OutputFrame, type SessionEvent, type UpscaleSource, upscale } from '../../dist/index.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, rawFrames, temporaryFolder, videoTimes } from '../helpers/media.js';
import { all, cheap, grays } from '../helpers/upscaled.js';

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const FRAMES = 12;
await ffmpeg(
  ...['-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${FRAMES / 25}`, '-f', 'lavfi', '-i', 'sine=d=0.5', '-c:v', 'ffv1', '-c:a', 'flac', at('in.mkv')],
);
await ffmpeg('-i', at('in.mkv'), '-c:v', 'libx264', '-qp', '0', '-c:a', 'aac', at('late-index.mp4'));
function meanDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += Math.abs((a[index] as number) - (b[index] as number));
  return sum / a.length;
}

test('frames come out in order, exactly as many as went in, with the pts of the source and memory of their own', async () => {
  const frames = await all(at('in.mkv'));
  expect(frames.map(({ seconds }) => seconds)).toEqual(await videoTimes(at('in.mkv')));
  const [first, second] = frames as [OutputFrame, OutputFrame];
  expect(first).toMatchObject({ format: 'yuv420p', width: 128, height: 96, pts: 0, timeBase: { num: 1, den: 1000 }, frameRate: { num: 25, den: 1 } });
  expect(first.planes.map(({ width, height, stride }) => [width, height, stride])).toEqual([
    [128, 96, 128],
    [64, 48, 64],
    [64, 48, 64],
  ]);
  expect(first.data.buffer.byteLength).toBe((128 * 96 * 3) / 2);
  expect(first.data.buffer).not.toBe(second.data.buffer);
});

test('a path, a URL, the bytes of a file, a stream and chunks give the same frames, MP4 with its index at the end included', async () => {
  const path = at('late-index.mp4');
  const bytes = await readFile(path);
  const expected = (await all(path)).map(({ data }) => Buffer.from(data).toString('base64'));
  expect(expected).toHaveLength(FRAMES);
  const mkv = (await all(at('in.mkv'))).map(({ data }) => Buffer.from(data).toString('base64'));
  for (const source of [pathToFileURL(path), pathToFileURL(path).href, bytes, Uint8Array.from(bytes).buffer])
    expect((await all(source)).map(({ data }) => Buffer.from(data).toString('base64'))).toEqual(expected);
  async function* chunks() {
    for await (const chunk of createReadStream(at('in.mkv'), { highWaterMark: 1000 })) yield new Uint8Array(chunk);
  }
  for (const source of [createReadStream(at('in.mkv')), chunks()])
    expect((await all(source)).map(({ data }) => Buffer.from(data).toString('base64'))).toEqual(mkv);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith('srvid-input-'))).toEqual([]);
});

test('an http address is read as a file is, and nothing secret of it is told', async () => {
  const film = await readFile(at('late-index.mp4'));
  const server = createServer((request, response) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (!request.url?.startsWith('/film.mp4') || from >= film.length) return response.writeHead(404).end();
    const head = { 'Accept-Ranges': 'bytes', 'Content-Length': film.length - from, 'Content-Range': `bytes ${from}-${film.length - 1}/${film.length}` };
    response.writeHead(request.headers.range ? 206 : 200, head).end(film.subarray(from));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect((await all(new URL(`http://${host}/film.mp4?key=secret`))).length).toBe(FRAMES);
    const error = await failureOf(() => all(`http://user:secret@${host}/none.mp4?key=secret`));
    expect(error.code).toBe('SRVID_INPUT_UNREADABLE');
    expect(error.message).toMatch(/404/);
    expect(`${error.message} ${JSON.stringify(error.details)} ${describeCause(error.cause)}`).not.toContain('secret');
  } finally {
    server.close();
  }
});

test('frames are handed out as RGB and RGBA, as ffmpeg itself would convert them', async () => {
  await upscale(at('in.mkv'), cheap).toFile(at('double.mkv'), { encoder: 'ffv1' });
  const expected = await rawFrames(
    at('double.mkv'),
    'rgb24',
    'scale=in_h_chr_pos=0:in_v_chr_pos=128:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp',
  );
  const rgb = await all(at('in.mkv'), { format: 'rgb24' });
  const found = Buffer.concat(rgb.map(({ data }) => data));
  expect(rgb[0]).toMatchObject({ format: 'rgb24', color: { range: 'pc' } });
  expect(meanDifference(found, expected)).toBeLessThan(2);
  const rgba = Buffer.concat((await all(at('in.mkv'), { format: 'rgba' })).map(({ data }) => data));
  expect(rgba.length).toBe((found.length / 3) * 4);
  expect(Buffer.from(rgba.filter((_, index) => index % 4 < 3)).equals(found)).toBe(true);
  expect(rgba.every((value, index) => index % 4 < 3 || value === 255)).toBe(true);
});

test('frames of a program go in and come out one by one, with their own times, and no ffmpeg takes part', async () => {
  const events: SessionEvent[] = [];
  const given: number[] = [];
  function* source() {
    for (const frame of grays(40)) {
      given.push(frame.pts as number);
      yield frame;
    }
  }
  const got: number[] = [];
  for await (const { pts, timeBase, data, format } of upscale(source(), { ...cheap, onEvent: (event) => events.push(event) })) {
    expect([timeBase, format, new Set(data)]).toEqual([{ num: 1, den: 75 }, 'gray', new Set([pts / 3])]);
    got.push(pts);
    // Back-pressure: no more is asked for than the run has room for.
    expect(given.length - got.length).toBeLessThan(12);
  }
  expect(got).toEqual(given);
  expect(events.at(-1)).toMatchObject({ type: 'end', framesIn: 40, framesOut: 40 });
  expect(events[0]).toMatchObject({ type: 'start', ffmpeg: 'none', target: { width: 32, height: 32 } });
});

test('a program that gives the next frame only when it has got the one before is not kept waiting', async () => {
  let taken = () => {};
  async function* source() {
    for (const frame of grays(5)) {
      const waiting = new Promise<void>((resolve) => {
        taken = resolve;
      });
      yield frame;
      await waiting;
    }
  }
  let count = 0;
  for await (const _ of upscale(source(), cheap)) {
    count++;
    taken();
  }
  expect(count).toBe(5);
});

test('frames that came out can go in again, changed on the way, and into a file', async () => {
  async function* inverted() {
    for await (const frame of upscale(at('in.mkv'), { ...cheap, format: 'rgb24' })) yield { ...frame, data: frame.data.map((value) => 255 - value) };
  }
  const summary = await upscale(inverted(), cheap).toFile(at('again.mkv'), { encoder: 'ffv1' });
  expect(summary).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
  expect(await videoTimes(at('again.mkv'))).toEqual(await videoTimes(at('in.mkv')));
  const expected = await rawFrames(at('in.mkv'), 'gray', 'scale=256:192:flags=bicubic,negate');
  const found = await rawFrames(at('again.mkv'), 'gray');
  // Saturated colours do not survive the way to RGB and back; uninverted pictures would differ by 70.
  expect(meanDifference(found, expected)).toBeLessThan(12);
});

test('padded planes, RGBA and frames without times are taken; the memory may be used again at once', async () => {
  const memory = new Uint8Array(4 * 20 * 16);
  function* source(): Generator<InputFrame> {
    for (let level = 0; level < 4; level++) {
      memory.fill(50 * level);
      yield { format: 'rgba', width: 16, height: 16, planes: [{ data: memory, stride: 80 }] };
    }
  }
  const frames = await all(source(), { format: 'rgb24', frameRate: 29.97 });
  expect(frames.map(({ pts, timeBase }) => [pts, timeBase])).toEqual([0, 1, 2, 3].map((pts) => [pts, { num: 1001, den: 30000 }]));
  for (const [index, { data }] of frames.entries()) for (const value of data) expect(Math.abs(value - 50 * index)).toBeLessThan(3);
});

test('a file is written with its sound, and a stream is written with back-pressure and ended', async () => {
  await upscale(at('in.mkv'), cheap).toFile(pathToFileURL(at('out.mkv')), { crf: 30, encoderOptions: { preset: 'ultrafast', g: 5 } });
  const target = new PassThrough({ highWaterMark: 64 });
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of target) chunks.push(chunk as Buffer);
  })();
  const summary = await upscale(await readFile(at('in.mkv')), cheap).toStream(target, { format: 'matroska', encoder: 'ffv1' });
  await reading;
  expect(summary.framesOut).toBe(FRAMES);
  expect((await all(Buffer.concat(chunks))).length).toBe(FRAMES);
});

test('errors come before the first frame, in the words of programs, and an own error as it is', async () => {
  const own = new Error('the camera was unplugged');
  async function* failing() {
    yield* grays(3);
    throw own;
  }
  await expect(all(failing())).rejects.toBe(own);
  const film = await readFile(at('in.mkv'));
  async function* breaking() {
    yield film.subarray(0, film.length / 2);
    throw own;
  }
  await expect(all(breaking())).rejects.toBe(own);
  await expect(upscale(breaking(), cheap).toFile(at('half.mkv'))).rejects.toBe(own);
  expect((await readdir(folder)).filter((name) => /half|\.srvid/.test(name))).toEqual([]);
  const frame = [...grays(1)][0] as InputFrame;
  const bad: [UpscaleSource, object, string, RegExp][] = [
    [at('none.mkv'), {}, 'SRVID_INPUT_NOT_FOUND', /does not exist/],
    [at('in.mkv'), { sclae: 3 }, 'SRVID_OPTION_INVALID', /sclae/],
    [at('in.mkv'), { crf: 3 }, 'SRVID_OPTION_INVALID', /Give it to toFile or toStream/],
    [at('in.mkv'), { format: 'bgra' }, 'SRVID_OPTION_INVALID', /native, rgb24, rgba/],
    [at('in.mkv'), { plugins: [{ name: 'x', process() {} }] }, 'SRVID_OPTION_INVALID', /give its module, as a path/],
    [new PassThrough(), { start: 3 }, 'SRVID_OPTION_INVALID', /start needs an input that can be sought in, and the stream cannot/],
    [Buffer.from('no video at all'), {}, 'SRVID_INPUT_UNREADABLE', /the given bytes/],
    [[], {}, 'SRVID_INPUT_EMPTY', /before its first frame/],
    [7 as unknown as UpscaleSource, {}, 'SRVID_OPTION_INVALID', /type number/],
    [[{ ...frame, format: 'nv12' } as unknown as InputFrame], {}, 'SRVID_FRAME_INVALID', /yuv420p, yuv422p/],
    [[{ ...frame, data: new Uint8Array(9) }], {}, 'SRVID_FRAME_INVALID', /plane 0 has 9 bytes/],
    [[{ ...frame, data: new Uint8Array(999) }], {}, 'SRVID_FRAME_INVALID', /999 bytes, and a frame of 16x16 gray has 256/],
    [[{ ...frame, format: 'rgba', data: new Uint8Array(1024) }], { strict: true }, 'SRVID_INPUT_UNSUPPORTED', /transparency/],
    [[frame], { maxPixels: 100 }, 'SRVID_INPUT_TOO_LARGE', /16x16/],
    [[frame, frame], {}, 'SRVID_FRAME_INVALID', /not later than 0/],
    [[frame, { ...frame, width: 8, pts: 9 }], {}, 'SRVID_FRAME_INVALID', /Frame 1 .* is 8x16 gray/],
    [[{ ...frame, timeBase: undefined }], {}, 'SRVID_FRAME_INVALID', /no timeBase/],
    [grays(3), { start: 1 }, 'SRVID_OPTION_INVALID', /leave out the frames/],
  ];
  for (const [source, options, code, words] of bad) {
    const error = await failureOf(() => all(source, options));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
  }
  expect((await failureOf(() => upscale(at('in.mkv'), cheap).toFile(at('in.mkv')))).code).toBe('SRVID_OUTPUT_IS_INPUT');
  const target = new PassThrough();
  expect((await failureOf(() => upscale(at('none.mkv'), cheap).toStream(target, { format: 'matroska' }))).code).toBe('SRVID_INPUT_NOT_FOUND');
  expect(target.destroyed).toBe(true);
});
