import { execFileSync } from 'node:child_process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';
import { findBrowser } from '../../scripts/setup/browser.mjs';

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // A camera for pages that ask for one: a moving test picture with beeps.
  ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
];

let browser: Browser | undefined;
afterAll(() => browser?.close());

/** A page of a browser that plays H.264; what it reports as an error fails `errors`. Closed with the file. */
export async function openPage(options: BrowserContextOptions = {}): Promise<{ readonly page: Page; readonly errors: string[] }> {
  browser ??= await launch();
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // A relay that is away is not the page's mistake.
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED|WebSocket connection/.test(message.text())) errors.push(message.text());
  });
  return { page, errors };
}

async function launch(): Promise<Browser> {
  const found = findBrowser();
  if (!found) throw new Error('There is no Chromium or Chrome: run "npm test", which installs it, or set CHROMIUM_PATH.');
  const started = await chromium.launch({ executablePath: found.startsWith('/') ? found : pathOf(found), args: FLAGS });
  const probe = await started.newPage();
  const plays = await probe.evaluate(() => MediaSource.isTypeSupported('video/mp4; codecs="avc1.42c028,mp4a.40.2"'));
  await probe.close();
  if (!plays) throw new Error(`${found} cannot play H.264, so nothing of the page can be tested with it. Set CHROMIUM_PATH to one that can.`);
  return started;
}

function pathOf(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}
