import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endOf, srvid, warningsOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, frameHashes, rawFrames, temporaryFolder, videoTimes } from '../helpers/media.js';

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
const FRAMES = 7;
await ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${FRAMES / 25}`, '-c:v', 'ffv1', at('in.mkv'));
await ffmpeg('-i', at('in.mkv'), '-vf', 'scale=128:96:flags=neighbor', '-pix_fmt', 'rgb24', '-c:v', 'ffv1', '-level', '3', at('rgb.mkv'));
const BICUBIC = ['--preset', 'bicubic', '--json'];
const run = (...args: string[]) => srvid([...args, ...BICUBIC], { cwd: folder });

/** Mean difference of two videos' red, green and blue. */
async function difference(a: string, b: string): Promise<number> {
  const scale = 'scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';
  const [one, other] = [await rawFrames(a, 'rgb24', scale), await rawFrames(b, 'rgb24', scale)];
  expect(one.length).toBe(other.length);
  return one.reduce((sum, value, index) => sum + Math.abs(value - (other[index] as number)), 0) / one.length;
}

test('a video becomes numbered pictures, one a frame, and these a video of as many frames', async () => {
  await run('in.mkv', 'double.mkv', '--encoder', 'ffv1');
  for (const [type, most] of [
    // Saturated colours do not survive the way from RGB into YUV.
    ['png', 4],
    ['jpg', 8],
  ] as const) {
    const pictures = at(`${type} 100%`);
    await mkdir(pictures);
    const out = await run('in.mkv', join(pictures, `shot-%03d.${type}`), '--start-number', '98');
    expect(endOf(out)).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
    const names = Array.from({ length: FRAMES }, (_, index) => `shot-${String(98 + index).padStart(3, '0')}.${type}`);
    expect((await readdir(pictures)).sort()).toEqual(names.sort());
    const back = await run(join(pictures, `shot-%03d.${type}`), `${type}.mkv`, '--scale', '1', '--frame-rate', '50', '--encoder', 'ffv1');
    expect(endOf(back)).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
    expect(await videoTimes(at(`${type}.mkv`))).toEqual(Array.from({ length: FRAMES }, (_, index) => index / 50));
    expect(await difference(at('double.mkv'), at(`${type}.mkv`))).toBeLessThan(most);
  }
});

test('numbered pictures go on from a number, and a gap between them is named instead of being the end', async () => {
  await mkdir(at('gap'));
  await ffmpeg('-i', at('in.mkv'), '-start_number', '3', at('gap/%d.png'));
  expect(endOf(await run('gap/%d.png', 'from.mkv', '--start-number', '5')).framesIn).toBe(FRAMES - 2);
  await writeFile(at('gap/12.png'), await readFile(at('gap/3.png')));
  const gap = await run('gap/%d.png', 'gap.mkv');
  expect([gap.code, gap.stderr + gap.stdout]).toEqual([2, expect.stringMatching(/gap\/10\.png, which is missing.*up to .*gap\/12\.png/)]);
  const none = await run('gap/none-%d.png', 'gap.mkv');
  expect(none.stderr + none.stdout).toMatch(/SRVID_INPUT_NOT_FOUND/);
});

test('no picture is overwritten unasked, and a run that fails leaves those that were there, and nothing else', async () => {
  await mkdir(at('kept'));
  await writeFile(at('kept/0005.png'), 'mine');
  const refused = await run('in.mkv', 'kept/%04d.png');
  expect([refused.code, refused.stdout + refused.stderr]).toEqual([2, expect.stringMatching(/SRVID_OUTPUT_EXISTS.*0005\.png/s)]);
  const failed = await run('in.mkv', 'kept/%04d.png', '-y', '--encoder-option', 'compression_level=nonsense');
  expect(failed.code).not.toBe(0);
  expect(await readdir(at('kept'))).toEqual(['0005.png']);
  expect(await readFile(at('kept/0005.png'), 'utf8')).toBe('mine');
  expect(endOf(await run('in.mkv', 'kept/%04d.png', '-y')).framesOut).toBe(FRAMES);
  expect((await readdir(at('kept'))).length).toBe(FRAMES);
  expect((await readFile(at('kept/0005.png'))).length).toBeGreaterThan(100);
  expect(endOf(await run('in.mkv', 'kept/%04d.png', '--start-number', '8')).framesOut).toBe(FRAMES);
  expect((await readdir(at('kept'))).length).toBe(2 * FRAMES);
});

test('one picture goes in and comes out, and a film does not fit into one', async () => {
  await ffmpeg('-i', at('in.mkv'), '-frames:v', '1', at('one.png'));
  for (const name of ['big.png', 'big.jpg', 'odd %d%% name.jpeg']) {
    expect(endOf(await run('one.png', name, ...(name.includes('%') ? ['--start-number', '1'] : []))).framesOut).toBe(1);
  }
  expect((await ffprobe<{ streams: { width: number; codec_name: string }[] }>(at('big.png'), '-show_streams')).streams[0]).toMatchObject({
    width: 128,
    codec_name: 'png',
  });
  const many = await run('in.mkv', 'many.png');
  expect([many.code, many.stdout + many.stderr]).toEqual([2, expect.stringMatching(/one picture, but the source has .*out-%05d\.png/)]);
  expect((await readdir(folder)).filter((name) => /many|srvid-/.test(name))).toEqual([]);
  expect(endOf(await run('in.mkv', 'third.png', '--start', '0.08', '--duration', '0.04')).framesOut).toBe(1);
  const piped = await srvid(['one.png', '-', '--format', 'png', '--preset', 'bicubic', '-q'], { cwd: folder });
  expect(piped.stdout.subarray(1, 4).toString()).toBe('PNG');
});

test('an animated GIF has every frame, and colours near those of the video', async () => {
  await run('in.mkv', 'double.mkv', '--encoder', 'ffv1', '-y');
  expect(endOf(await run('in.mkv', 'out.gif')).framesOut).toBe(FRAMES);
  expect((await frameHashes(at('out.gif'))).length).toBe(FRAMES);
  expect(await videoTimes(at('out.gif'))).toEqual(Array.from({ length: FRAMES }, (_, index) => index / 25));
  // A palette that is the same for all films gives 12 and more.
  expect(await difference(at('double.mkv'), at('out.gif'))).toBeLessThan(5);
  expect(endOf(await run('out.gif', 'back.mkv')).framesIn).toBe(FRAMES);
});

test('Y4M goes in and out, as a file and through pipes, without loss', async () => {
  await run('in.mkv', 'double.mkv', '--encoder', 'ffv1', '-y');
  expect(endOf(await run('in.mkv', 'out.y4m')).framesOut).toBe(FRAMES);
  expect(await frameHashes(at('out.y4m'))).toEqual(await frameHashes(at('double.mkv')));
  expect((await readFile(at('out.y4m'))).subarray(0, 40).toString('latin1')).toMatch(/^YUV4MPEG2 W128 H96 F25:1 /);
  const stdin = await readFile(at('out.y4m'));
  const piped = await srvid(['-', '-', '--format', 'y4m', '--preset', 'bicubic', '--scale', '1', '-q'], { cwd: folder, stdin });
  expect(piped.stdout.equals(stdin)).toBe(true);
  await ffmpeg('-i', at('in.mkv'), '-vf', "select='not(eq(n,3))'", '-fps_mode', 'vfr', '-c:v', 'ffv1', at('varying.mkv'));
  const varying = await run('varying.mkv', 'varying.y4m');
  expect(endOf(varying).framesOut).toBe(FRAMES - 1);
  expect(warningsOf(varying).join()).toMatch(/Y4M knows one frame rate/);
});
