import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { temporaryFolder } from '../../helpers/media.js';
import { assets, goesLive, OTHER_SIZE, PLAIN, playsOn, SILENT, serve, shown, text, undo, watch } from '../../helpers/watched-page.js';

const folder = await temporaryFolder();
let clip: Clip;
let otherSize: Clip;
let silent: Clip;
beforeAll(async () => {
  clip = await encodeClip(folder, PLAIN);
  otherSize = await encodeClip(folder, OTHER_SIZE);
  silent = await encodeClip(folder, SILENT);
}, 120_000);

/** Number of frames that the two pictures are apart, by the counter that is burned into them. */
const framesApart = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1);
    const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
    const [after = 0, before = 0] = ['after', 'before'].map((id) => {
      const video = document.getElementById(id) as HTMLVideoElement;
      context.drawImage(video, video.videoWidth / 16, video.videoHeight / 3, 4, 4, 0, 0, 1, 1);
      // Back from full range to the luma of BT.601 limited range, and to the frame's number.
      return ((context.getImageData(0, 0, 1, 1).data[1] ?? 0) * 219) / 255 / 4;
    });
    const apart = Math.abs(after - before);
    return Math.min(apart, 50 - apart);
  });

test('plays the stream beside its source, with sizes and state named and nothing of the page refused', async () => {
  const { page, errors } = await watch(clip);
  await page.waitForSelector('.picture.split');
  await playsOn(page, 4);
  await playsOn(page, 1, 'before');
  expect(await shown(page)).toMatchObject({ width: 320, height: 180 });
  expect(await shown(page, 'before')).toMatchObject({ width: 160, height: 90 });
  expect(await text(page, 'sizes')).toBe('160×90 → 320×180 at 25 fps');
  await goesLive(page);
  expect(await page.locator('#notice').isVisible()).toBe(false);
  expect(await page.locator('#after').evaluate((video) => (video as HTMLVideoElement).buffered.length)).toBe(1);
  // A figure is a dash for the seconds in which nothing came.
  const figure = (graph: string) => expect.poll(() => page.locator(`#graph-${graph} output`).textContent(), { timeout: 30_000 });
  await figure('delay').toMatch(/^\d+ ms$/);
  await figure('fps').toMatch(/^\d+$/);
  await figure('share').toBe('100 %');
  expect(await page.locator('#graph-share rect.network-0').count()).toBeGreaterThan(1);
  expect(await page.locator('#graph-share li').allTextContents()).toEqual(['abpn', 'only enlarged', 'not shown']);
  expect(await page.locator('#graph-share .top').textContent()).toBe('100 %');
  expect(await text(page, 'after-name')).toBe('srvid');
  expect(errors).toEqual([]);
});

test('both pictures show the same moment, also after one has been away', async () => {
  const { page } = await watch(clip);
  await page.waitForSelector('.picture.split');
  const median = async () => {
    const samples: number[] = [];
    while (samples.length < 21) {
      samples.push(await framesApart(page));
      await page.waitForTimeout(40);
    }
    return samples.sort((a, b) => a - b)[10];
  };
  await expect.poll(median, { timeout: 60_000 }).toBeLessThan(1.5);
  await page.keyboard.press('c');
  await page.keyboard.press('c');
  await playsOn(page, 1, 'before');
  await expect.poll(median, { timeout: 60_000 }).toBeLessThan(1.5);
});

test('frames that no network made are told as that, on the picture and as the main figure', async () => {
  const { page, stream } = await watch(clip);
  stream.share = 0.02;
  await page.waitForFunction(() => document.querySelector('#graph-share output')?.textContent === '2 %');
  expect(await text(page, 'after-name')).toBe('srvid 2 %');
  stream.share = 0;
  await page.getByText('Only enlarged', { exact: true }).waitFor();
  await page.waitForFunction(() => document.querySelector('#graph-share output')?.textContent === '0 %');
  expect(await page.locator('#graph-share rect.plain').count()).toBeGreaterThan(1);
  stream.share = null;
  await page.locator('#graph-share .note', { hasText: 'no pictures came to the relay' }).waitFor();
  expect(await page.locator('#graph-share output').textContent()).toBe('–');
});

test('a new epoch of another size plays on in the same element', async () => {
  const { page, stream, errors } = await watch(clip);
  await playsOn(page, 2);
  const before = await page.locator('#after').evaluate((video) => (video as HTMLVideoElement).src);
  stream.show(otherSize);
  await page.waitForFunction(() => (document.getElementById('after') as HTMLVideoElement).videoHeight === 288);
  await playsOn(page, 2);
  await playsOn(page, 1, 'before');
  expect(await page.locator('#after').evaluate((video) => (video as HTMLVideoElement).src)).toBe(before);
  expect(await shown(page, 'before')).toMatchObject({ width: 192, height: 144 });
  expect(await text(page, 'sizes')).toBe('192×144 → 384×288 at 25 fps');
  expect(errors).toEqual([]);
});

test('a stream that loses its sound, and gets it again, plays on', async () => {
  const { page, stream } = await watch(clip);
  await playsOn(page, 1);
  stream.show(silent);
  await page.locator('#sound').waitFor({ state: 'hidden' });
  await page.waitForFunction(() => (document.getElementById('after') as HTMLVideoElement).currentTime < 1);
  await playsOn(page, 2);
  stream.show(clip);
  await page.locator('#sound').waitFor({ state: 'visible' });
  await page.waitForFunction(() => (document.getElementById('after') as HTMLVideoElement).currentTime < 1);
  await playsOn(page, 2);
});

test('a gap is closed up: the picture goes on without a hole, and what was left out is counted', async () => {
  const { page, stream, errors } = await watch(clip);
  await playsOn(page, 2);
  stream.leaveOut(1);
  await page.waitForFunction(() => Number(document.querySelector('#graph-missed output')?.textContent) >= 10);
  await playsOn(page, 3);
  expect(await page.locator('#after').evaluate((video) => (video as HTMLVideoElement).buffered.length)).toBe(1);
  expect(errors).toEqual([]);
});

test('a picture that cannot be decoded costs a new connection and a new decoder, and the stream plays on', async () => {
  const { page, stream } = await watch(clip);
  await playsOn(page, 1);
  const source = () => page.locator('#after').evaluate((video) => (video as HTMLVideoElement).src);
  const before = await source();
  stream.damage();
  await expect.poll(source, { timeout: 30_000 }).not.toBe(before);
  await goesLive(page);
  await playsOn(page, 2);
  await playsOn(page, 1, 'before');
});

test('every file of the page is served with a type, every style sheet is loaded, and nothing else is served', async () => {
  const stream = new ClipStream();
  const { url } = await serve(stream);
  undo.push(() => stream.stop());
  for (const [path, { type }] of assets) {
    const answer = await fetch(new URL(path, url));
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get('content-type')).toBe(type);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).not.toMatch(/\bstyle="|<script>/);
  }
  const index = await (await fetch(url)).text();
  const sheets = [...assets.keys()].filter((path) => path.startsWith('/relay/page/styles/'));
  expect([...index.matchAll(/<link rel="stylesheet" href="([^"]+)">/g)].map(([, path]) => `/${path}`).sort()).toEqual(sheets.sort());
  expect(sheets.length).toBeGreaterThan(1);
  for (const path of ['/relay/server.js', '/relay/page/', '/relay/page/app.d.ts', '/client/../relay/server.js', '/package.json'])
    expect((await fetch(new URL(path, url))).status, path).toBe(404);
});
