import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { Tokens } from '../../../dist/relay/server/tokens.js';
import { openPage } from '../../helpers/browser.js';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { FaultProxy } from '../../helpers/fault-proxy.js';
import { temporaryFolder } from '../../helpers/media.js';
import { goesLive, PLAIN, playsOn, serve, text, undo, watch } from '../../helpers/watched-page.js';

const folder = await temporaryFolder();
let clip: Clip;
beforeAll(async () => {
  clip = await encodeClip(folder, PLAIN);
}, 120_000);

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
