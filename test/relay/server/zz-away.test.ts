import { expect, test, beforeAll } from 'vitest';
import { loadPage } from '../../../dist/relay/server/page.js';
import { RelayServer } from '../../../dist/relay/server/server.js';
import { openPage } from '../../helpers/browser.js';
import { type Clip, ClipStream, encodeClip } from '../../helpers/clip-stream.js';
import { temporaryFolder } from '../../helpers/media.js';
const folder = await temporaryFolder();
const assets = await loadPage();
let clip: Clip;
beforeAll(async () => { clip = await encodeClip(folder, { seconds: 30, sourceSize: '160x90', size: '320x180' }); }, 120_000);
test('x', async () => {
  for (const [name, viewport, colorScheme, first] of [['desktop', { width: 1280, height: 800 }, 'light', true], ['dark', { width: 1280, height: 800 }, 'dark', true], ['phone', { width: 390, height: 844 }, 'light', true], ['land', { width: 844, height: 390 }, 'light', true], ['never', { width: 1280, height: 800 }, 'light', false], ['neverphone', { width: 390, height: 844 }, 'light', false]] as const) {
    const stream = new ClipStream();
    if (first) stream.show(clip); else stream.wait('x', 30_000);
    const server = new RelayServer({ host: '127.0.0.1', port: 0, streams: [stream], assets });
    const { port } = await server.listen();
    const { page } = await openPage({ viewport, colorScheme });
    await page.goto(`http://127.0.0.1:${port}/`);
    if (first) { await page.waitForFunction(() => (document.getElementById('after') as HTMLVideoElement).currentTime > 0.5); stream.wait('rtsp', 30_000); }
    await page.getByText('The source is away').waitFor();
    await page.waitForTimeout(900);
    await page.screenshot({ path: `/tmp/files/away-${name}.png` });
    await page.close(); stream.stop(); await server.close();
  }
  expect(1).toBe(1);
}, 240_000);
