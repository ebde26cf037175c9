import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, frameHashes, rawFrames, temporaryFolder, videoTimes } from '../helpers/media.js';

const LOSSLESS = ['--encoder', 'ffv1', '--json', '-y'];
const [WIDTH, HEIGHT, FRAMES] = [48, 32, 8];
const LUMA = WIDTH * HEIGHT;
const CHROMA = LUMA / 4;
const FRAME = LUMA + 2 * CHROMA;
const plugin = (name: string) => fileURLToPath(new URL(`../fixtures/plugins/${name}.js`, import.meta.url));
const preset = (name: string) => fileURLToPath(new URL(`../fixtures/presets/${name}.json`, import.meta.url));

let folder = '';
let input = '';
let source = Buffer.alloc(0);

beforeAll(async () => {
  folder = await temporaryFolder();
  input = join(folder, 'input.mkv');
  // Pale, so that no colour lies outside RGB and none wraps around when it is shifted.
  const pictures = `testsrc2=s=${WIDTH}x${HEIGHT}:r=25:d=${FRAMES / 25},hue=s=0.3,lutyuv=y=val*0.6+40`;
  await ffmpeg('-f', 'lavfi', '-i', pictures, '-pix_fmt', 'yuv420p', '-colorspace', 'smpte170m', '-color_range', 'tv', '-c:v', 'ffv1', input);
  source = await rawFrames(input, 'yuv420p');
});

/** Runs a preset and gives all frames of the result. */
async function through(name: string, ...options: string[]): Promise<Buffer> {
  const output = join(folder, `${name}.mkv`);
  const end = endOf(await srvid([input, output, '--preset', preset(name), ...LOSSLESS, ...options]));
  expect(end).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
  return rawFrames(output, 'yuv420p');
}

const frame = (all: Buffer, index: number, size = FRAME) => all.subarray(index * size, (index + 1) * size);

it('gives a plugin all planes to change, and changes nothing else', async () => {
  const result = await through('shift-chroma');
  const expected = source.map((value, index) => {
    const within = index % FRAME;
    return within < LUMA ? value : within < LUMA + CHROMA ? value + 20 : value - 20;
  });
  expect(result.equals(expected)).toBe(true);
});

it('gives a windowed plugin its neighbours, the ends of the stream repeated', async () => {
  const result = await through('median-of-three');
  const at = (index: number) => frame(source, Math.min(Math.max(index, 0), FRAMES - 1));
  for (let index = 0; index < FRAMES; index++) {
    const [past, present, future] = [at(index - 1), at(index), at(index + 1)] as [Buffer, Buffer, Buffer];
    const expected = present.map((value, place) => {
      if (place >= LUMA) return value;
      return [past[place] as number, value, future[place] as number].sort((a, b) => a - b)[1] as number;
    });
    expect(frame(result, index).equals(expected), `frame ${index}`).toBe(true);
  }
});

it('runs an ordered plugin on one thread, frame after frame', async () => {
  const result = await through('count-frames', '--workers', '4');
  for (let index = 0; index < FRAMES; index++) {
    expect(new Set(frame(result, index).subarray(0, LUMA)), `frame ${index}`).toEqual(new Set([16 + index]));
    expect(frame(result, index).subarray(LUMA).equals(frame(source, index).subarray(LUMA))).toBe(true);
  }
});

it('converts to RGB and back for a plugin that wants it: swapping twice changes 4:4:4 by two levels at the most', async () => {
  const full = join(folder, 'full.mkv');
  const output = join(folder, 'swapped-twice.mkv');
  await ffmpeg('-i', input, '-pix_fmt', 'yuv444p', '-c:v', 'ffv1', full);
  endOf(await srvid([full, output, '--preset', preset('swap-red-blue'), '--plugin', plugin('swap-red-blue'), ...LOSSLESS]));
  const [before, after] = [await rawFrames(full, 'yuv444p'), await rawFrames(output, 'yuv444p')];
  const worst = before.reduce((most, value, index) => Math.max(most, Math.abs(value - (after[index] as number))), 0);
  expect(worst).toBeLessThanOrEqual(2);
});

it('swaps red and blue as ffmpeg does, by the matrix that the stream is tagged with', async () => {
  const flat = join(folder, 'flat.mkv');
  const output = join(folder, 'flat-out.mkv');
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'color=0x3060C0:s=32x32:r=5:d=0.4',
    '-vf',
    'scale=out_color_matrix=bt709:out_range=tv',
    '-pix_fmt',
    'yuv444p',
    '-colorspace',
    'bt709',
    '-color_range',
    'tv',
    '-c:v',
    'ffv1',
    flat,
  );
  endOf(await srvid([flat, output, '--preset', preset('swap-red-blue'), ...LOSSLESS]));
  const [red, green, blue] = await rawFrames(output, 'rgb24', 'scale=in_color_matrix=bt709:in_range=tv');
  for (const [found, wanted] of [
    [red, 0xc0],
    [green, 0x60],
    [blue, 0x30],
  ] as const)
    expect(Math.abs((found as number) - wanted)).toBeLessThanOrEqual(2);
});

describe('a chain of three', () => {
  it('passes each the result of the one before: median, then size, then chroma', async () => {
    const output = join(folder, 'chain.mkv');
    const result = await srvid([input, output, '--preset', preset('chain-of-three'), '--verbose', ...LOSSLESS]);
    expect(endOf(result)).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
    const median = await through('median-of-three');
    const big = await rawFrames(output, 'yuv420p');
    expect(big).toHaveLength(4 * FRAME * FRAMES);
    // A plugin that reads chroma comes after the size changed, so the host has completed the frame by then.
    const start = result.events.find((event) => event['type'] === 'start') as { plan: string[] };
    expect(start.plan.join('\n')).toContain('96x64 yuv420p -> 96x64 yuv420p');
    const meanChroma = (all: Buffer, size: number) => all.subarray(size * (2 / 3), size * (5 / 6)).reduce((sum, value) => sum + value, 0) / (size / 6);
    expect(meanChroma(big, 4 * FRAME)).toBeCloseTo(meanChroma(median, FRAME) + 20, 0);
  });

  it('keeps times when a window looks ahead', async () => {
    expect(await videoTimes(join(folder, 'chain.mkv'))).toEqual(await videoTimes(input));
  });
});

describe('a frame that equals the one before it', () => {
  let still = '';
  beforeAll(async () => {
    still = join(folder, 'still.mkv');
    // Five pictures, each shown three times.
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `testsrc2=s=${WIDTH}x${HEIGHT}:r=25:d=0.2`,
      '-vf',
      "loop=0,select='1',setpts=3*PTS,fps=25",
      '-frames:v',
      '15',
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'ffv1',
      still,
    );
  });

  it('takes its result, byte for byte, and is counted as reused', async () => {
    const output = join(folder, 'still-out.mkv');
    const end = endOf(await srvid([still, output, '--preset', 'bicubic', ...LOSSLESS]));
    const before = await frameHashes(still);
    const repeated = before.filter((hash, index) => index > 0 && hash === before[index - 1]).length;
    expect(repeated).toBeGreaterThan(5);
    expect(end['outcomes']).toEqual({ sr: before.length - repeated, reused: repeated, bypassed: 0, dropped: 0 });
    const after = await frameHashes(output);
    for (let index = 1; index < after.length; index++) expect(after[index] === after[index - 1]).toBe(before[index] === before[index - 1]);
  });

  it('is processed all the same where a plugin depends on more than its pixels', async () => {
    const output = join(folder, 'counted.mkv');
    const end = endOf(await srvid([still, output, '--preset', preset('count-frames'), ...LOSSLESS]));
    expect(end['outcomes']).toMatchObject({ reused: 0 });
    expect(new Set(await frameHashes(output)).size).toBe(end['framesIn']);
  });
});

describe('a plugin that fails', () => {
  it.each([
    ['throws', 'throw', 'as it was told'],
    ['returns a frame of its own making', 'foreign', 'context.allocate'],
    ['returns nothing', 'nothing', 'context.allocate'],
  ])('is named with its step and the frame when it %s', async (_, way, why) => {
    const output = join(folder, `failed-${way}.mkv`);
    const result = await srvid([input, output, '--preset', 'bicubic', '--plugin', `${plugin('fail-at')}?pts=100&way=${way}`, ...LOSSLESS]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('[SRVID_PLUGIN_FAILED]');
    expect(result.stderr).toMatch(/fail-at failed in process at frame \d+ with pts 1[26]0 \(0\.1[26]0 s\)/);
    expect(result.stderr).toContain(why);
    await expect(rawFrames(output, 'gray')).rejects.toThrow();
  });

  it('cannot end its thread', async () => {
    const result = await srvid([input, join(folder, 'exited.mkv'), '--preset', 'bicubic', '--plugin', `${plugin('fail-at')}?way=exit`, ...LOSSLESS]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('process.exit(3)');
  });

  it('that kills its thread twice on the same frame is reported, and the run ends', async () => {
    const result = await srvid([input, join(folder, 'crashed.mkv'), '--preset', 'bicubic', '--plugin', `${plugin('fail-at')}?way=crash`, ...LOSSLESS]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('SRVID_WORKER_FAILED');
    expect(result.stderr).toContain('from outside');
  });
});
