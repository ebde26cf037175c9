import { expect, onTestFinished, test } from 'vitest';
import { type FrameFormat, frameBytes, type PixelFormat, planesOf } from '../../../dist/pipeline/frames/frame.js';
import { planConversion } from '../../../dist/plugins/pixels/convert.js';
import type { PluginHost } from '../../../dist/plugins/workers/host.js';
import { failureOf } from '../../helpers/errors.js';
import { largestDifference, planeOf, resampleReference } from '../../helpers/picture.js';
import { feed, hostFor, lumaOf, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const SIZE = { width: 9, height: 7 };
const yuv = { kind: 'yuv420p' as PixelFormat, ...SIZE } as const;
const picture = randomBytes(4, frameBytes(yuv));

async function opened(specs: readonly string[], kind: PixelFormat = 'yuv420p'): Promise<PluginHost> {
  const host = await hostFor(specs, { kind, ...SIZE });
  onTestFinished(() => host.close());
  await host.open();
  return host;
}

test('a luma plugin changes the luma and carries the chroma along', async () => {
  const result = await through(await opened(['./misbehave.js']), picture, 2);
  expect(lumaOf(yuv, result)).toEqual(lumaOf(yuv, picture).map((value) => 255 - value));
  expect(result.slice(63)).toEqual(picture.slice(63));
});

test('a luma plugin that enlarges leaves the whole small frame beside the luma', async () => {
  const host = await opened(['bicubic?scale=2']);
  const result = await through(host, picture);
  expect(host.stages[0]?.output).toEqual({ kind: 'split', width: 18, height: 14, small: yuv });
  const expected = resampleReference(planeOf(lumaOf(yuv, picture), 9, 7), { width: 18, height: 14 });
  expect(largestDifference(result.slice(0, 252), expected)).toBeLessThanOrEqual(1);
  expect(result.slice(252)).toEqual(picture);
});

test('chroma that was changed before the size is what the split frame carries', async () => {
  const result = await through(await opened(['./shift-chroma.js', 'bicubic?scale=2']), picture);
  const small = planesOf(yuv, result.slice(252));
  expect(small[1]?.data).toEqual(planesOf(yuv, picture)[1]?.data.map((value) => value + 20));
  expect(small[2]?.data).toEqual(planesOf(yuv, picture)[2]?.data.map((value) => value - 20));
});

test('a plugin that reads chroma after the size changed gets the whole frame, at its full size', async () => {
  const host = await opened(['bicubic?scale=2', './shift-chroma.js']);
  const result = await through(host, picture);
  const whole = { kind: 'yuv420p', width: 18, height: 14 } as const;
  expect(host.stages[0]?.output).toEqual(whole);
  const split: FrameFormat = { kind: 'split', width: 18, height: 14, small: yuv };
  const completed = new Uint8Array(frameBytes(whole));
  planConversion(split, whole, {})?.(await through(await opened(['bicubic?scale=2']), picture), completed);
  expect(planesOf(whole, result)[0]?.data).toEqual(planesOf(whole, completed)[0]?.data);
  expect(planesOf(whole, result)[1]?.data).toEqual(planesOf(whole, completed)[1]?.data.map((value) => value + 20));
});

test('two changes of size keep the first frame’s chroma', async () => {
  const result = await through(await opened(['bicubic?scale=2', 'bicubic?width=13&height=9']), picture);
  expect(result).toHaveLength(13 * 9 + frameBytes(yuv));
  expect(result.slice(13 * 9)).toEqual(picture);
});

test.each(['yuv420p', 'yuv422p', 'yuv444p'] as const)('red and blue swapped twice on %s is the picture again, where it has one colour', async (kind) => {
  const format = { kind, ...SIZE };
  const flat = new Uint8Array(frameBytes(format)).fill(120);
  for (const [index, plane] of planesOf(format, flat).entries()) plane.data.fill([110, 120, 140][index] as number);
  const host = await opened(['./swap-red-blue.js', './swap-red-blue.js'], kind);
  expect(host.stages).toHaveLength(1);
  expect(largestDifference(await through(host, flat), flat)).toBeLessThanOrEqual(2);
  const once = await through(await opened(['./swap-red-blue.js'], kind), flat);
  expect(largestDifference(once, flat)).toBeGreaterThan(10);
});

/** A stage's results for flat frames of these levels, each with its neighbours. */
async function levelsThrough(host: PluginHost, levels: readonly number[]): Promise<(number | undefined)[]> {
  const tickets = levels.map((level, index) => feed(host, new Uint8Array(63).fill(level), index));
  const [stage, ring] = [host.stages[0], host.rings[1]];
  if (!stage || !ring) throw new Error('the host has no stage');
  const { past, future } = stage.window;
  const results: (number | undefined)[] = [];
  for (const [index, ticket] of tickets.entries()) {
    const around = Array.from({ length: past + 1 + future }, (_, at) => tickets[Math.min(Math.max(index - past + at, 0), tickets.length - 1)] ?? ticket);
    const result = await stage.process(ticket, around);
    results.push(ring.bytes(result.slot)[0]);
    ring.release(result.slot);
  }
  return results;
}

test.each([
  [-2, [10, 10, 10, 20]],
  [-1, [10, 10, 20, 30]],
  [0, [10, 20, 30, 40]],
  [1, [20, 30, 40, 40]],
])('a window shows neighbour %d in its place, and beyond the ends the ends', async (offset, expected) => {
  expect(await levelsThrough(await opened([`./pick-neighbour.js?offset=${offset}`], 'gray'), [10, 20, 30, 40])).toEqual(expected);
});

test.each([-3, 2])('neighbour %d, outside of the window, is refused with the window there is', async (offset) => {
  const host = await opened([`./pick-neighbour.js?offset=${offset}`], 'gray');
  const error = await failureOf(() => levelsThrough(host, [10]));
  expect(error.code).toBe('SRVID_PLUGIN_FAILED');
  expect(error.message).toContain('2 past and 1 future');
});

test('a plugin that works on three frames gets all three', async () => {
  expect(await levelsThrough(await opened(['./median-of-three.js'], 'gray'), [9, 200, 70])).toEqual([9, 70, 70]);
});

test('an ordered plugin keeps its state from frame to frame, on one thread however many there are', async () => {
  const host = await hostFor(['./count-frames.js'], { kind: 'gray', ...SIZE }, { workers: 3 });
  onTestFinished(() => host.close());
  await host.open();
  expect(host.stages[0]?.concurrency).toBe(1);
  const firsts: (number | undefined)[] = [];
  for (let index = 0; index < 4; index++) firsts.push((await through(host, new Uint8Array(63), index))[0]);
  expect(firsts).toEqual([16, 17, 18, 19]);
});

test.each([
  ['foreign', 'something that context.allocate did not make'],
  ['nothing', 'nothing, and not a frame of context.allocate'],
])('a plugin that returns a %s frame is told so, with its name and the time', async (way, returned) => {
  const host = await opened([`./fail-at.js?pts=3&way=${way}`], 'gray');
  const error = await failureOf(() => through(host, new Uint8Array(63), 3));
  expect(error.code).toBe('SRVID_PLUGIN_FAILED');
  expect(error.message).toContain(`fail-at failed in process at frame 3 with pts 3 (0.120 s): it returned ${returned}`);
});

test('a plugin that returns its input gives the input’s bytes', async () => {
  const bytes = randomBytes(9, 63);
  expect(await through(await opened(['./fail-at.js?pts=100'], 'gray'), bytes, 1)).toEqual(bytes);
});

test('the time of every plugin in a group is told by its name', async () => {
  const host = await opened(['./shift-chroma.js', 'bicubic']);
  await through(host, picture);
  await through(host, picture);
  expect(host.timings[0]?.names).toEqual(['shift-chroma', 'bicubic']);
  expect(host.timings[0]?.frames).toBe(2);
  expect(host.timings[0]?.totalMs.every((milliseconds) => milliseconds > 0)).toBe(true);
});
