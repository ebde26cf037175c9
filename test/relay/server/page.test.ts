import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { loadPage } from '../../../dist/relay/server/page.js';
import { RelayServer } from '../../../dist/relay/server/server.js';
import { Tokens } from '../../../dist/relay/server/tokens.js';
import { openPage } from '../../helpers/browser.js';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { FaultProxy } from '../../helpers/fault-proxy.js';
import { temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const assets = await loadPage();
let clip: Clip;
let otherSize: Clip;
let silent: Clip;
beforeAll(async () => {
  clip = await encodeClip(folder, { seconds: 60, sourceSize: '160x90', size: '320x180' });
  otherSize = await encodeClip(folder, { seconds: 40, sourceSize: '192x144', size: '384x288' });
  silent = await encodeClip(folder, { seconds: 30, sourceSize: '160x90', size: '320x180', sound: false });
}, 120_000);

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function serve(stream: ClipStream, { port = 0, tokens }: { port?: number; tokens?: Tokens } = {}) {
  const server = new RelayServer({ host: '127.0.0.1', port, streams: [stream], assets, tokens });
  const address = await server.listen();
  undo.push(() => server.close());
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}/` };
}

async function watch(show: Clip, path = '', tokens?: Tokens) {
  const stream = new ClipStream();
  stream.show(show);
  undo.push(() => stream.stop());
  const relay = await serve(stream, tokens ? { tokens } : {});
  const opened = await openPage();
  undo.push(() => opened.page.close());
  await opened.page.goto(`${relay.url}${path}`);
  return { stream, ...relay, ...opened };
}

interface Shown {
  readonly time: number;
  readonly width: number;
  readonly height: number;
  readonly ready: number;
}
const shown = (page: Page, id: 'after' | 'before' = 'after'): Promise<Shown> =>
  page.evaluate((name) => {
    const video = document.getElementById(name) as HTMLVideoElement;
    return { time: video.currentTime, width: video.videoWidth, height: video.videoHeight, ready: video.readyState };
  }, id);

/** Plays some of what is in the buffer once more, as a browser does by itself when it has stalled. */
const playBuffered = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const video = document.getElementById('after') as HTMLVideoElement;
    const plays = new Promise<void>((resolve) => video.addEventListener('playing', () => resolve(), { once: true }));
    video.pause();
    video.currentTime -= 0.5;
    await video.play();
    await plays;
  });

/** Resolves when the picture has moved on by so many seconds from where it is. */
async function playsOn(page: Page, seconds = 2, id: 'after' | 'before' = 'after'): Promise<void> {
  const from = (await shown(page, id)).time;
  await page.waitForFunction(([name, until]) => (document.getElementById(name as string) as HTMLVideoElement).currentTime > (until as number), [
    id,
    from + seconds,
  ] as const);
}

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

/** Resolves when the page says that its picture is live. On a busy machine the player first has to catch up, which it does by itself. */
const goesLive = (page: Page) => page.waitForFunction(() => document.getElementById('state-text')?.textContent === 'Live', undefined, { timeout: 60_000 });

const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();

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

test.each([
  ['on its side', { width: 844, height: 390 }],
  ['upright', { width: 390, height: 844 }],
])('a source of 4:3 on a phone %s is shown whole, with its buttons beside it and nothing wider than the screen', async (_, viewport) => {
  const stream = new ClipStream();
  stream.show(otherSize);
  undo.push(() => stream.stop());
  const { url } = await serve(stream);
  const { page } = await openPage({ viewport, isMobile: true, hasTouch: true });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.picture.split');
  const places = await page.evaluate(() =>
    ['picture', 'play', 'zoom', 'compare', 'fullscreen'].map((id) => document.getElementById(id)?.getBoundingClientRect().toJSON()),
  );
  const [picture, ...buttons] = places as DOMRect[];
  if (!picture) throw new Error('the picture has no place');
  expect(picture.width / picture.height).toBeCloseTo(4 / 3, 1);
  expect(picture.width * picture.height).toBeGreaterThan(110_000);
  for (const { left, right, top, bottom } of places as DOMRect[]) {
    expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(viewport.width);
    expect(bottom).toBeLessThanOrEqual(viewport.height);
  }
  for (const button of buttons) expect(button.left >= picture.right || button.top >= picture.bottom).toBe(true);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
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

test.each([
  [1280, 800],
  [740, 600],
  [844, 390],
  [390, 844],
])('on a screen of %ix%i no label is cut, and nothing that floats on the picture lies on other words', async (width, height) => {
  const { url } = await serve(new ClipStream());
  const { page } = await openPage({ viewport: { width, height } });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.plot svg');
  await page.locator('#loupe').click();
  const faults = await page.evaluate(async () => {
    const find = (selector: string) => document.querySelector(selector) as HTMLElement;
    // The longest words that stand there.
    find('#picture').classList.add('split');
    find('#graph-share output').textContent = '100 %';
    find('#graph-delay output').textContent = '1 min 28 s';
    find('#after-name').textContent = 'Only enlarged';
    find('#pill-text').textContent = '1 min 28 s behind. Your connection is slow.';
    find('#tag-zoom').textContent = '2:1';
    for (const selector of ['#before-size', '#after-size']) find(selector).textContent = '1920×1080';
    for (const selector of ['#pill', '#tag-zoom', '#sound']) find(selector).hidden = false;
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    const found: string[] = [];
    for (const caption of document.querySelectorAll('figcaption'))
      for (const part of [caption, caption.firstElementChild as Element])
        if (part.scrollWidth > part.clientWidth || part.scrollHeight > caption.clientHeight + 1) found.push(`${part.textContent} is cut`);
    const boxes = ['#pill', '#loupe-box', '#tag-zoom', '#tag-before', '#tag-after'].map(
      (selector) => [selector, find(selector).getBoundingClientRect()] as const,
    );
    for (const [place, [one, a]] of boxes.entries())
      for (const [other, b] of boxes.slice(place + 1)) {
        // The loupe follows the pointer, over the names of the halves, too.
        const isFree = one === '#loupe-box';
        if (!isFree && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push(`${other} lies on ${one}`);
      }
    const rows = new Set([...document.querySelectorAll('.tools button')].map((button) => button.getBoundingClientRect().top));
    if (rows.size > 2) found.push(`the tools take ${rows.size} rows`);
    const first = [...document.querySelectorAll('.graph')].map((graph) => graph.getBoundingClientRect().top)[0];
    for (const graph of document.querySelectorAll('.graph')) {
      const { top } = graph.getBoundingClientRect();
      const words = graph.querySelector('figcaption span') as HTMLElement;
      // Beside the large figure, all words stand on one height.
      if (top !== first && words.getBoundingClientRect().top - top > 24) found.push(`there is empty room above ${words.textContent}`);
    }
    return found;
  });
  expect(faults).toEqual([]);
});

test.each([
  [1280, 800],
  [1281, 900],
  [844, 390],
  [390, 844],
])('on a screen of %ix%i the picture covers whole pixels, so that no edge of it stays black', async (width, height) => {
  const { url } = await serve(new ClipStream());
  const { page } = await openPage({ viewport: { width, height } });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.plot svg');
  const box = await page.locator('#picture').boundingBox();
  expect([(box?.width ?? 0) % 1, (box?.height ?? 0) % 1]).toEqual([0, 0]);
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(16 / 9, 1);
});

test.each([
  [1280, 800],
  [844, 390],
  [390, 844],
])('on a screen of %ix%i the loupe never covers the place that it magnifies, nor the words about the delay', async (width, height) => {
  const { url } = await serve(new ClipStream());
  const { page } = await openPage({ viewport: { width, height } });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.plot svg');
  await page.locator('#loupe').click();
  const faults = await page.evaluate(async () => {
    const find = (selector: string) => document.querySelector(selector) as HTMLElement;
    find('#picture').classList.add('split');
    find('#pill-text').textContent = '1 min 28 s behind. Your connection is slow.';
    const frame = find('#picture').getBoundingClientRect();
    const found: string[] = [];
    for (const hidden of [true, false]) {
      find('#pill').hidden = hidden;
      const pill = find('#pill').getBoundingClientRect();
      const floor = hidden ? frame.bottom : pill.top;
      for (let part = 0; part < 1; part += 0.05) {
        const [x, y] = [frame.left + frame.width * part, frame.top + (floor - frame.top) * part];
        find('#picture').dispatchEvent(new PointerEvent('pointermove', { clientX: x, clientY: y }));
        for (let drawn = 0; drawn < 2; drawn++) await new Promise(requestAnimationFrame);
        const { left, right, top, bottom, height: tall } = find('#loupe-box').getBoundingClientRect();
        const where = `${Math.round(part * 100)} %${hidden ? '' : ', with words'}`;
        if (left < x && x < right && top < y && y < bottom) found.push(`it covers its place at ${where}`);
        if (left < frame.left || right > frame.right || top < frame.top || bottom > floor) found.push(`it leaves the picture at ${where}`);
        if (tall < 64) found.push(`it is ${tall} pixels high at ${where}`);
      }
    }
    return found;
  });
  expect(faults).toEqual([]);
});

test.each(['light', 'dark'] as const)(
  'in the %s theme words on the picture are read over white, and a scale over every colour of its graph',
  async (colorScheme) => {
    const { url } = await serve(new ClipStream());
    const { page } = await openPage({ colorScheme });
    undo.push(() => page.close());
    await page.goto(url);
    await page.waitForSelector('.plot svg');
    const contrasts = await page.evaluate(() => {
      const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
      const style = (selector: string) => getComputedStyle(document.querySelector(selector) as Element);
      /** The relative luminance of these colours, one over the other (WCAG 2.2). */
      const luminance = (...colours: string[]) => {
        for (const colour of colours) {
          context.fillStyle = colour;
          context.fillRect(0, 0, 1, 1);
        }
        const [red = 0, green = 0, blue = 0] = [...context.getImageData(0, 0, 1, 1).data].map((level) =>
          level <= 10 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4,
        );
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const contrast = (text: string, ...ground: string[]) => {
        const [one, other] = [luminance(...ground, text), luminance(...ground)];
        return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      };
      document.querySelector('#after-name')?.classList.add('made');
      const onPicture = ['#tag-before span', '#tag-before b', '#after-name'].map(
        (selector) => [selector, contrast(style(selector).color, '#fff', style('.tag').backgroundColor)] as const,
      );
      const looks = ['network-0', 'network-1', 'network-2', 'plain', 'lost-relay', 'lost-way', 'lost-here'];
      const onGraph = looks.map((look) => {
        const column = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
        column.setAttribute('class', look);
        document.querySelector('.plot svg')?.append(column);
        const ground = [style('.graph').backgroundColor, getComputedStyle(column).fill, style('.plot span').backgroundColor];
        return [look, contrast(style('.plot span').color, ...ground)] as const;
      });
      return [...onPicture, ...onGraph];
    });
    expect(contrasts.filter(([, contrast]) => !(contrast >= 4.5))).toEqual([]);
  },
);

test('on a phone every button is as large as a finger, also on the picture', async () => {
  const { url } = await serve(new ClipStream());
  const { page } = await openPage({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.plot svg');
  const small = await page.evaluate(() => {
    const find = (selector: string) => document.querySelector(selector) as HTMLElement;
    const link = document.createElement('a');
    link.href = '.';
    link.textContent = 'door';
    find('#notice-offers').append(link);
    find('#notice-action').textContent = 'Try again';
    find('#streams').append(new Option('door'));
    for (const selector of ['#notice-offers', '#notice-token', '#notice-action', '#stream-choice', '#preset-choice', '#level-choice', '#sound'])
      find(selector).hidden = false;
    const isSmall = (element: Element) => {
      element.scrollIntoView({ block: 'center' });
      const { left, right, top, bottom } = element.getBoundingClientRect();
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      return ![-21, 21].every((apart) => element.contains(document.elementFromPoint(x, y + apart)));
    };
    const namesOf = (elements: Iterable<Element>) => [...elements].filter(isSmall).map((element) => element.id || element.textContent);
    find('#notice').hidden = false;
    const onNotice = namesOf(document.querySelectorAll('.notice :is(button, input, a)'));
    find('#notice').hidden = true;
    find('#pill').hidden = false;
    return [...onNotice, ...namesOf(document.querySelectorAll('.head select, .tools :is(button, select), #go-live'))];
  });
  expect(small).toEqual([]);
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

test('whoever gets the picture late is told how late, and that the connection is slow, until it is live again', async () => {
  const stream = new ClipStream();
  stream.show(clip);
  undo.push(() => stream.stop());
  const { port } = await serve(stream);
  const proxy = await FaultProxy.start(port);
  undo.push(() => proxy.close());
  const { page } = await openPage();
  undo.push(() => page.close());
  await page.goto(`http://127.0.0.1:${proxy.port}/`);
  await playsOn(page, 1);
  // Until the first pong nobody knows the delay.
  await page.waitForFunction(() => document.querySelector('#graph-delay output')?.textContent?.endsWith(' ms'));
  proxy.hold();
  await page.getByText(/^[34]\.\d s behind\. Your connection is slow\.$/).waitFor();
  expect(await text(page, 'state-text')).toMatch(/^\d+(\.\d)? s behind$/);
  await page.locator('#graph-share .note', { hasText: 'no figures come from the relay' }).waitFor();
  expect(await page.locator('#graph-share output').textContent()).toBe('–');
  proxy.release();
  await goesLive(page);
  await playsOn(page, 1);
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

test('a relay that goes and comes again is waited for and played on, its times beginning anew', async () => {
  const { page, stream, server, port, errors } = await watch(clip);
  await playsOn(page, 2);
  stream.stop();
  await server.close();
  await page.waitForFunction(() => document.getElementById('notice-title')?.textContent === 'The connection was lost');
  expect(await text(page, 'state-text')).toBe('Reconnecting');
  const again = new ClipStream();
  again.show(clip);
  undo.push(() => again.stop());
  await serve(again, { port });
  await goesLive(page);
  await playsOn(page, 2);
  await playsOn(page, 1, 'before');
  expect(await page.locator('#notice').isVisible()).toBe(false);
  expect(errors).toEqual([]);
});

test('a source that is away, and one that has ended, are told on the picture', async () => {
  const { page, stream } = await watch(clip);
  await playsOn(page, 1);
  stream.wait('rtsp://camera: [rtsp @ 0x55d0c0ffee] method DESCRIBE failed: 404 Not Found', 30_000);
  await page.getByText('The source is away').waitFor();
  expect(await text(page, 'notice-text')).toMatch(/^Trying again in (30|29) s\.$/);
  expect(await text(page, 'state-text')).toBe('Waiting');
  expect(await page.locator('body').innerText()).not.toMatch(/rtsp|0x55/);
  await playBuffered(page);
  expect(await page.locator('#notice').isVisible()).toBe(true);
  expect(await text(page, 'state-text')).toBe('Waiting');
  stream.show(clip);
  await page.locator('#notice').waitFor({ state: 'hidden' });
  await playsOn(page, 1);
  stream.end('The source ended.');
  await page.getByText('The stream has ended').waitFor();
  await page.getByRole('button', { name: 'Watch again' }).waitFor();
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

test('without a token, and with a wrong one, the page says so and asks for it; the right one plays, and leaves no trace in the address', async () => {
  const { page, url } = await watch(clip, '', Tokens.parse('views-0123456789 view\n', 'test'));
  await page.getByText('A token is needed').waitFor();
  expect(await text(page, 'state-text')).toBe('Refused');
  await page.getByLabel('Token').fill('views-9876543210');
  await page.getByRole('button', { name: 'Watch' }).click();
  await page.getByText('This token is not known here').waitFor();
  await page.goto(`${url}?token=wrong-0123456789`);
  await page.getByText('This token is not known here').waitFor();
  await page.getByLabel('Token').fill('views-0123456789');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.picture.split');
  await playsOn(page, 1);
  expect(page.url()).toBe(url);
});

test('a stream that is not there is told with those that are', async () => {
  const { page, url } = await watch(clip, '?stream=door');
  await page.getByText('There is no stream “door”').waitFor();
  await page.getByRole('link', { name: 'main' }).click();
  await page.waitForSelector('.picture.split');
  await playsOn(page, 1);
  expect(page.url()).toBe(`${url}?stream=main`);
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
