import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { openPage } from '../../helpers/browser.js';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { temporaryFolder } from '../../helpers/media.js';
import { OTHER_SIZE, serve, undo } from '../../helpers/watched-page.js';

const folder = await temporaryFolder();
let otherSize: Clip;
beforeAll(async () => {
  otherSize = await encodeClip(folder, OTHER_SIZE);
}, 120_000);

/** A desktop, a narrow window, a phone on its side and one upright. */
const SCREENS = [
  [1280, 800],
  [740, 600],
  [844, 390],
  [390, 844],
] as const;

/** A page of a stream that has nothing to show yet, on a screen of this size, when its graphs are drawn. */
async function onScreen(width: number, height: number): Promise<Page> {
  const { url } = await serve(new ClipStream());
  const { page } = await openPage({ viewport: { width, height } });
  undo.push(() => page.close());
  await page.goto(url);
  await page.waitForSelector('.plot svg');
  return page;
}

/** The same with the loupe on, source and result side by side, and the longest words about the delay. */
async function withLoupe(width: number, height: number): Promise<Page> {
  const page = await onScreen(width, height);
  await page.locator('#loupe').click();
  await page.evaluate(() => {
    document.querySelector('#picture')?.classList.add('split');
    (document.querySelector('#pill-text') as HTMLElement).textContent = '1 min 28 s behind. Your connection is slow.';
  });
  return page;
}

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

test.each(SCREENS)('on a screen of %ix%i no label is cut, and nothing that floats on the picture lies on other words', async (width, height) => {
  const page = await withLoupe(width, height);
  const faults = await page.evaluate(async () => {
    const find = (selector: string) => document.querySelector(selector) as HTMLElement;
    // The longest words that stand there.
    find('#graph-share output').textContent = '100 %';
    find('#graph-delay output').textContent = '1 min 28 s';
    find('#after-name').textContent = 'Only enlarged';
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
  const page = await onScreen(width, height);
  const box = await page.locator('#picture').boundingBox();
  expect([(box?.width ?? 0) % 1, (box?.height ?? 0) % 1]).toEqual([0, 0]);
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(16 / 9, 1);
});

test.each(SCREENS)('on a screen of %ix%i the loupe never covers the place that it magnifies, nor the words about the delay', async (width, height) => {
  const page = await withLoupe(width, height);
  const faults = await page.evaluate(async () => {
    const find = (selector: string) => document.querySelector(selector) as HTMLElement;
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
