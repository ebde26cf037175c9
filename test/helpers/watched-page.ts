import type { Page } from 'playwright-core';
import { afterEach } from 'vitest';
import { loadPage } from '../../dist/relay/server/page.js';
import { RelayServer } from '../../dist/relay/server/server.js';
import type { Tokens } from '../../dist/relay/server/tokens.js';
import { openPage } from './browser.js';
import { type Clip, ClipStream } from './clip-stream.js';

/** Clips of the page's tests: one with sound, one of another shape, one without sound. */
export const PLAIN = { seconds: 60, sourceSize: '160x90', size: '320x180' };
export const OTHER_SIZE = { seconds: 40, sourceSize: '192x144', size: '384x288' };
export const SILENT = { seconds: 30, sourceSize: '160x90', size: '320x180', sound: false };

/** The page's files, by URL path. */
export const assets = await loadPage();

/** Steps that are taken back after the test, the last one first. */
export const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A relay with the page, of one stream. */
export async function serve(stream: ClipStream, { port = 0, tokens }: { port?: number; tokens?: Tokens } = {}) {
  const server = new RelayServer({ host: '127.0.0.1', port, streams: [stream], assets, tokens });
  const address = await server.listen();
  undo.push(() => server.close());
  return { server, port: address.port, url: `http://127.0.0.1:${address.port}/` };
}

/** A page that watches a clip. @param path what follows the relay's address */
export async function watch(show: Clip, path = '', tokens?: Tokens) {
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
/** The place, size and readiness of a video of the page. */
export const shown = (page: Page, id: 'after' | 'before' = 'after'): Promise<Shown> =>
  page.evaluate((name) => {
    const video = document.getElementById(name) as HTMLVideoElement;
    return { time: video.currentTime, width: video.videoWidth, height: video.videoHeight, ready: video.readyState };
  }, id);

/** Resolves when the picture has moved on by so many seconds from where it is. */
export async function playsOn(page: Page, seconds = 2, id: 'after' | 'before' = 'after'): Promise<void> {
  const from = (await shown(page, id)).time;
  await page.waitForFunction(([name, until]) => (document.getElementById(name as string) as HTMLVideoElement).currentTime > (until as number), [
    id,
    from + seconds,
  ] as const);
}

/** Resolves when the page says that its picture is live. On a busy machine the player first has to catch up, which it does by itself. */
export const goesLive = (page: Page) =>
  page.waitForFunction(() => document.getElementById('state-text')?.textContent === 'Live', undefined, { timeout: 60_000 });

/** The text of an element. */
export const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();
