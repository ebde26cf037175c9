import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planesOfFrame, runPlugin, type TestFrame, testFrame } from 'srvid/plugin/testing';
import { expect, test } from 'vitest';
import { randomFrom } from '../../dist/eval/random.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder, videoTimes } from '../helpers/media.js';
import { pam } from '../helpers/pam.js';

const example = (name: string) => new URL(`../../examples/plugins/${name}.js`, import.meta.url);
const folder = await temporaryFolder();
const logo = join(folder, 'logo.pam');
await writeFile(logo, pam(8, 6, [255, 0, 0, 255]));

const [width, height] = [32, 24];
const gray = (sample: (x: number, y: number) => number, pts = 0) => testFrame({ format: 'gray', width, height, pts }, sample);
const luma = (frame: TestFrame | undefined) => frame?.data as Uint8Array;

test('sharpen makes an edge steeper, leaves flat parts alone, and does nothing at 0', async () => {
  const edge = gray((x) => (x < 16 ? 80 : 160));
  const [sharp] = await runPlugin(example('sharpen'), [edge], { options: { amount: 1 } });
  const row = [...luma(sharp).subarray(0, width)];
  expect(row.slice(0, 15)).toEqual(Array(15).fill(80));
  expect(row.slice(17)).toEqual(Array(15).fill(160));
  expect(row.slice(15, 17)).toEqual([80 - Math.round(80 / 3), 160 + Math.round(80 / 3)]);
  const [same] = await runPlugin(example('sharpen'), [edge], { options: { amount: 0 } });
  expect(luma(same)).toEqual(edge.data);
});

test('denoise takes away noise where nothing moves, and leaves a moving edge exactly as it is', async () => {
  const random = randomFrom(3);
  const clean = gray((x, y) => 60 + 2 * x + y);
  const noisy = Array.from({ length: 5 }, (_, pts) =>
    testFrame({ format: 'gray', width, height, pts }, (x, y) => (luma(clean)[y * width + x] as number) + 6 * (random() + random() - 1)),
  );
  const results = await runPlugin(example('denoise'), noisy);
  const error = (frame: TestFrame | undefined) =>
    Math.sqrt(luma(frame).reduce((sum, value, at) => sum + (value - (clean.data[at] as number)) ** 2, 0) / clean.data.length);
  // The mean of three independent errors is smaller by the root of three.
  expect(error(results[2])).toBeLessThan(error(noisy[2]) / 1.5);

  const moving = Array.from({ length: 5 }, (_, pts) => gray((x, y) => (x >= 4 * pts && x < 4 * pts + 8 && y >= 6 && y < 18 ? 200 : 50), pts));
  const kept = await runPlugin(example('denoise'), moving);
  for (const [index, frame] of kept.entries()) expect(luma(frame), `frame ${index}`).toEqual(moving[index]?.data);
  expect(kept.map(({ pts }) => pts)).toEqual([0, 1, 2, 3, 4]);
});

test('blend runs its own network on this frame and the one before, as the same sums in plain arithmetic', async () => {
  const random = randomFrom(11);
  const frames = Array.from({ length: 3 }, (_, pts) => gray((x, y) => (x < 8 + 4 * pts ? 180 : 60) + y + 5 * (random() + random()), pts));
  const results = await runPlugin(example('blend'), frames, { options: { strength: 4 } });
  const [now, past] = [luma(frames[2]), luma(frames[1])];
  const expected = now.map((value, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy] as const));
    const inside = around.filter(([left, top]) => left >= 0 && left < width && top >= 0 && top < height).map(([left, top]) => top * width + left);
    const mean = inside.reduce((sum, each) => sum + Math.abs((past[each] as number) - (now[each] as number)), 0) / inside.length;
    const share = 0.5 * Math.min(1, Math.max(0, 2 - mean / 4));
    return Math.round(value + share * ((past[at] as number) - value));
  });
  const result = luma(results[2]);
  expect(Math.max(...result.map((value, at) => Math.abs(value - (expected[at] as number))))).toBeLessThanOrEqual(1);
  expect(result).not.toEqual(now);
  // The first frame has none before it.
  expect(luma(results[0])).toEqual(frames[0]?.data);
});

test('scene-marker emits an event at each change of scene, with its time, and leaves the pictures alone', async () => {
  const input = join(folder, 'scenes.mkv');
  const scenes = 'color=black:s=64x48:r=10:d=0.4[a];color=white:s=64x48:r=10:d=0.3[b];color=gray:s=64x48:r=10:d=0.3[c];[a][b][c]concat=n=3';
  await ffmpeg('-f', 'lavfi', '-i', scenes, '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
  const preset = join(folder, 'marker.json');
  await writeFile(
    preset,
    JSON.stringify({ version: 1, description: 'marks scenes', plugins: [{ use: fileURLToPath(example('scene-marker')) }], encoder: { name: 'ffv1' } }),
  );
  const output = join(folder, 'marked.mkv');
  const result = await srvid([input, output, '--preset', preset, '--json']);
  endOf(result);
  const scene = (number: number, frame: number) => ({ plugin: 'scene-marker', frame, event: { scene: number, seconds: frame / 10, changed: 1 } });
  expect(result.events.filter((event) => event['type'] === 'plugin')).toMatchObject([scene(1, 0), scene(2, 4), scene(3, 7)]);
  expect((await rawFrames(output, 'yuv420p')).equals(await rawFrames(input, 'yuv420p'))).toBe(true);
});

test('watermark lays its picture over the corner that was asked for, and refuses what is no picture', async () => {
  const frame = testFrame({ format: 'rgb24', width, height }, () => 100);
  const [marked] = await runPlugin(example('watermark'), [frame], { options: { file: logo, corner: 'bottom-right', margin: 2, opacity: 0.5 } });
  const pixel = (x: number, y: number) => [...(planesOfFrame(marked as TestFrame)[0]?.data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3) ?? [])];
  expect(pixel(width - 3, height - 3)).toEqual([178, 50, 50]);
  expect(pixel(width - 10, height - 8)).toEqual([178, 50, 50]);
  for (const [x, y] of [
    [width - 2, height - 3],
    [width - 11, height - 8],
    [0, 0],
  ] as const)
    expect(pixel(x, y)).toEqual([100, 100, 100]);
  const text = join(folder, 'text.pam');
  await writeFile(text, 'not a picture');
  await expect(runPlugin(example('watermark'), [frame], { options: { file: text } })).rejects.toThrow(/watermark failed in init.*not a PAM picture/);
});

test('denoise, swift x2, sharpen and watermark run in one pass, and every frame keeps its exact time', async () => {
  const input = join(folder, 'uneven.mkv');
  const uneven = "testsrc2=s=64x48:r=25:d=0.4,setpts='N*40+mod(N\\,3)*7',settb=1/1000";
  await ffmpeg('-f', 'lavfi', '-i', uneven, '-fps_mode', 'passthrough', '-enc_time_base', '1/1000', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
  const preset = join(folder, 'chain.json');
  const path = (name: string) => fileURLToPath(example(name));
  const plugins = [
    { use: path('denoise') },
    { use: 'swift', options: { scale: 2 } },
    { use: path('sharpen') },
    { use: path('watermark'), options: { file: logo, corner: 'top-left', margin: 4, opacity: 1 } },
  ];
  await writeFile(preset, JSON.stringify({ version: 1, description: 'four in one pass', plugins, encoder: { name: 'ffv1' } }));
  const output = join(folder, 'chain.mkv');
  const result = await srvid([input, output, '--preset', preset, '--json', '--verbose', '--workers', '2', '--threads', '1', '--precision', 'int8']);
  expect(endOf(result)).toMatchObject({ framesIn: 10, framesOut: 10 });
  const start = result.events.find((event) => event['type'] === 'start') as { plan: string[] };
  const steps = start.plan.flatMap((line) => /^ {2}([\w-]+):/.exec(line)?.[1] ?? []);
  expect(steps).toEqual(['denoise', 'swift', 'sharpen', 'watermark']);
  const times = await videoTimes(input);
  expect(new Set(times.map((time, index) => (time - (times[index - 1] ?? 0)).toFixed(3))).size).toBeGreaterThan(2);
  expect(await videoTimes(output)).toEqual(times);
  const frames = await rawFrames(output, 'rgb24');
  expect(frames).toHaveLength(10 * 128 * 96 * 3);
  for (let frame = 0; frame < 10; frame++) {
    const at = ((frame * 96 + 6) * 128 + 8) * 3;
    const [red, green, blue] = frames.subarray(at, at + 3) as unknown as [number, number, number];
    expect(red).toBeGreaterThan(225);
    expect(Math.max(green, blue)).toBeLessThan(40);
  }
});
