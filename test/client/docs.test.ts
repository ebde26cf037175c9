import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { loadPage } from '../../dist/relay/server/page.js';
import { RelayServer } from '../../dist/relay/server/server.js';
import { openPage } from '../helpers/browser.js';
import { ClipStream, encodeClip } from '../helpers/clip-stream.js';
import { temporaryFolder } from '../helpers/media.js';
import { FFPROBE } from '../helpers/programs.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = await temporaryFolder();
const text = await readFile(join(ROOT, 'docs/client.md'), 'utf8');
const snippets = (kind: string) => [...text.matchAll(new RegExp(`\`\`\`js ${kind}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1] as string);

const stream = new ClipStream();
const server = new RelayServer({ host: '127.0.0.1', port: 0, streams: [stream], assets: await loadPage() });
const { port } = await server.listen();
afterAll(() => server.close());
stream.show(await encodeClip(folder, { seconds: 20, sourceSize: '64x48', size: '128x96' }));

/** Runs a snippet as a user's file, against the relay of this test. */
async function run(snippet: string, name: string): Promise<string> {
  const path = join(folder, name);
  const local = snippet
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`)
    .replaceAll("'srvid/client'", `'${ROOT}dist/client/index.js'`)
    .replaceAll("'ws'", `'${ROOT}node_modules/ws/wrapper.mjs'`);
  await writeFile(path, local);
  return (await promisify(execFile)(process.execPath, [path], { cwd: folder })).stdout;
}

test('every snippet of docs/client.md says where it runs', () => {
  expect(text.match(/^```\w.*$/gm)).toEqual(['```js browser', '```js node', '```js node']);
});

test('the snippet for Node writes two seconds of MP4', async () => {
  const [receive = ''] = snippets('node');
  await run(receive, 'receive.mjs');
  const probed = await promisify(execFile)(FFPROBE, [
    '-v',
    'error',
    '-count_packets',
    '-show_entries',
    'stream=codec_name,nb_read_packets',
    '-of',
    'csv=p=0',
    join(folder, 'two-seconds.mp4'),
  ]);
  expect(probed.stdout).toMatch(/^h264,\d+\naac,\d+\n$/);
});

test('the snippet about refusals prints the code and the streams that are there', async () => {
  const [, refused = ''] = snippets('node');
  expect(await run(refused, 'refused.mjs')).toBe("SRVID_STREAM_UNKNOWN [ 'main' ]\n");
});

test('the snippet for browsers plays', async () => {
  const [play = ''] = snippets('browser');
  const { page } = await openPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  await page.goto(`http://127.0.0.1:${port}/health`);
  const local = play
    .replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`)
    .replace(/import (\{.*?\}) from 'srvid\/client';/, "const $1 = await import('/client/index.js');")
    .replace(/import (\{.*?\}) from 'srvid\/client\/player';/, "const $1 = await import('/client/player.js');");
  await page.evaluate(`(async () => {
    document.body.innerHTML = '<video muted playsinline></video>';
    ${local}
  })()`);
  await expect.poll(() => said, { timeout: 20_000 }).toContain('playing 128 96');
  expect(said.filter((line) => line.includes('SRVID_'))).toEqual([]);
});
