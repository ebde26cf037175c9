import { beforeAll, expect, test } from 'vitest';
import { Tokens } from '../../../dist/relay/server/tokens.js';
import { openPage } from '../../helpers/browser.js';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { temporaryFolder } from '../../helpers/media.js';
import { goesLive, PLAIN, playsOn, serve, text, undo, watch } from '../../helpers/watched-page.js';

const folder = await temporaryFolder();
let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip(folder, PLAIN);
}, 120_000);

test('the line follows pointer, touch and keys, says where it is, and comparing can be turned off', async () => {
  const { page } = await watch(clip);
  await page.waitForSelector('.picture.split');
  const slider = page.getByRole('slider');
  const box = await page.locator('#picture').boundingBox();
  if (!box) throw new Error('the picture has no place');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 3);
  await page.mouse.up();
  expect(await slider.getAttribute('aria-valuenow')).toBe('25');
  expect(await slider.getAttribute('aria-valuetext')).toBe('25 % source, 75 % result');
  const clipped = await page.locator('#before-layer').evaluate((layer) => getComputedStyle(layer).clipPath);
  expect(clipped).toMatch(/^inset\(0(px)? (75%|calc\(75%\)|calc\(100% - 25%\))/);

  await slider.press('ArrowRight');
  expect(await slider.getAttribute('aria-valuenow')).toBe('27');
  await slider.press('Shift+ArrowLeft');
  expect(await slider.getAttribute('aria-valuenow')).toBe('17');
  await slider.press('End');
  expect(await slider.getAttribute('aria-valuenow')).toBe('100');
  await slider.press('ArrowRight');
  expect(await slider.getAttribute('aria-valuenow')).toBe('100');
  await slider.press('Home');
  expect(await slider.getAttribute('aria-valuenow')).toBe('0');

  await page.getByRole('button', { name: 'Show pixels' }).click();
  expect(await page.locator('#before').evaluate((video) => getComputedStyle(video).imageRendering)).toBe('pixelated');
  await page.keyboard.press('c');
  await slider.waitFor({ state: 'hidden' });
  expect(await page.locator('#before').evaluate((video) => (video as HTMLVideoElement).src)).toBe('');
  await page.keyboard.press('c');
  await slider.waitFor({ state: 'visible' });
  await playsOn(page, 1, 'before');
});

test('1:1 shows each pixel of the video as one of the screen; fingers pinch, a drag moves, the loupe magnifies both', async () => {
  const stream = new ClipStream();
  stream.show(clip);
  undo.push(() => stream.stop());
  const { url } = await serve(stream);
  const { page, errors } = await openPage({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 3 });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.picture.split');
  /** Pixels of the screen for one of the video, as drawn, and the video's point in the middle of the picture. */
  const drawn = () =>
    page.locator('#after').evaluate((video: HTMLVideoElement) => {
      const [box, frame] = [video.getBoundingClientRect(), video.closest('#picture')?.getBoundingClientRect() ?? video.getBoundingClientRect()];
      return { size: (box.width * devicePixelRatio) / video.videoWidth, x: (frame.left + frame.width / 2 - box.left) / box.width };
    });
  const whole = await drawn();
  await page.getByRole('button', { name: ':1' }).click();
  const zoomed = await drawn();
  expect(zoomed.size).toBeCloseTo(Math.floor(whole.size) + 1, 3);
  expect(await text(page, 'tag-zoom')).toBe(`${Math.round(zoomed.size)}:1`);
  const box = await page.locator('#picture').boundingBox();
  if (!box) throw new Error('the picture has no place');
  const [middle, y] = [box.x + box.width / 2, box.y + box.height / 4];
  const touch = await page.context().newCDPSession(page);
  const fingers = async (...steps: number[][]) => {
    for (const [index, places] of steps.entries())
      await touch.send('Input.dispatchTouchEvent', { type: index === 0 ? 'touchStart' : 'touchMove', touchPoints: places.map((x, id) => ({ x, y, id })) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await fingers([middle - 20, middle + 20], [middle - 40, middle + 40]);
  expect((await drawn()).size).toBeCloseTo(zoomed.size * 2, 1);
  const before = (await drawn()).x;
  await fingers([middle + 100], [middle + 60]);
  expect((await drawn()).x).toBeGreaterThan(before);
  expect(await page.getByRole('slider').getAttribute('aria-valuenow')).toBe('50');
  await fingers([middle - 100, middle + 100], [middle - 5, middle + 5]);
  expect((await drawn()).size).toBeCloseTo(whole.size, 3);
  expect(await page.locator('#tag-zoom').isVisible()).toBe(false);

  await page.getByRole('button', { name: 'Loupe' }).click();
  const halves = () =>
    page.locator('#loupe-picture').evaluate((canvas: HTMLCanvasElement) => {
      const context = canvas.getContext('2d');
      return [0.25, 0.75].map((part) => context?.getImageData(canvas.width * part, canvas.height / 2, 1, 1).data[3]);
    });
  await expect.poll(halves).toEqual([255, 255]);
  expect(errors).toEqual([]);
});

test('on a phone the line follows the finger, and nothing is wider than the screen', async () => {
  const stream = new ClipStream();
  stream.show(clip);
  undo.push(() => stream.stop());
  const { url } = await serve(stream);
  const { page } = await openPage({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.picture.split');
  const box = await page.locator('#picture').boundingBox();
  if (!box) throw new Error('the picture has no place');
  await page.touchscreen.tap(box.x + box.width * 0.8, box.y + box.height / 2);
  expect(await page.getByRole('slider').getAttribute('aria-valuenow')).toBe('80');
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  for (const button of await page.locator('.tools button:visible').all()) expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  // A browser takes the place of the last touch for a pointer that hovers.
  await page.locator('#loupe').tap();
  expect(await page.locator('#loupe').evaluate((button) => getComputedStyle(button).backgroundColor)).toBe('rgba(0, 0, 0, 0)');
});

test('sound is off until it is asked for, space stands still and goes on', async () => {
  const { page } = await watch(clip);
  await playsOn(page, 1);
  const muted = () => page.locator('#after').evaluate((video) => (video as HTMLVideoElement).muted);
  expect(await muted()).toBe(true);
  await page.getByRole('button', { name: 'Sound' }).click();
  expect(await muted()).toBe(false);
  await page.keyboard.press('m');
  expect(await muted()).toBe(true);
  await page.getByRole('slider').press(' ');
  const paused = () => page.locator('#after').evaluate((video) => (video as HTMLVideoElement).paused);
  expect(await paused()).toBe(true);
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  expect(await text(page, 'state-text')).toBe('Paused');
  await page.getByText(/^Paused, [34]\.\d s behind$/).waitFor();
  await page.getByRole('button', { name: 'Go live' }).click();
  await goesLive(page);
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await playsOn(page, 1);
  expect(await page.locator('#pill').isVisible()).toBe(false);
});

test('whoever may write switches preset and level; whoever may not is not shown how', async () => {
  const { page, stream, url } = await watch(clip, '?token=views-0123456789', Tokens.parse('writes-0123456789 write\nviews-0123456789 view\n', 'test'));
  await playsOn(page, 1);
  expect(await page.locator('#level-choice').isVisible()).toBe(false);
  await page.goto(`${url}?token=writes-0123456789`);
  await page.getByLabel('Network').selectOption('bypass');
  await page.getByLabel('Preset').selectOption('live-1080p');
  await expect.poll(() => stream.changes).toEqual([{ level: 'bypass' }, { preset: 'live-1080p' }]);
});
