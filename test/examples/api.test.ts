import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { exitCodeOf } from '../helpers/command.js';
import { ffmpeg, ffprobe, rawFrames, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();
const clip = join(folder, 'clip.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.2', '-pix_fmt', 'yuv420p', clip);

function start(example: string, ...args: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../../examples/api/${example}`, import.meta.url));
  return spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function addressOf(server: ChildProcess): Promise<string> {
  const [line] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return line.toString().trim();
}

test('write-pngs.js writes a PNG for each frame, which others read', async () => {
  const pngs = join(folder, 'pngs');
  expect(await exitCodeOf(start('write-pngs.js', clip, pngs, 'bicubic'))).toBe(0);
  expect((await readdir(pngs)).length).toBe(5);
  const { streams } = await ffprobe<{ streams: object[] }>(join(pngs, '00003.png'), '-show_streams');
  expect(streams).toMatchObject([{ codec_name: 'png', width: 128, height: 96, pix_fmt: 'rgb24' }]);
  const [a, b] = [await rawFrames(join(pngs, '00001.png'), 'gray'), await rawFrames(clip, 'gray', 'select=eq(n\\,0)', 'scale=128:96')];
  expect(a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] as number)), 0) / a.length).toBeLessThan(20);
});

test('canvas.js sends what putImageData takes, and ends the run of a page that leaves', async () => {
  const server = start('canvas.js', clip, '0', 'bicubic');
  const address = await addressOf(server);
  expect(await (await fetch(address)).text()).toContain('putImageData');
  const frames = Buffer.from(await (await fetch(`${address}frames`)).arrayBuffer());
  const size = 8 + 128 * 96 * 4;
  expect(frames.length).toBe(5 * size);
  for (let index = 0; index < 5; index++) {
    const [width, height, alpha] = [frames.readUInt32BE(index * size), frames.readUInt32BE(index * size + 4), frames[index * size + 11]];
    expect([width, height, alpha]).toEqual([128, 96, 255]);
  }
  const leaving = new AbortController();
  await fetch(`${address}frames`, { signal: leaving.signal });
  leaving.abort();
  expect((await fetch(address)).status).toBe(200);
  server.kill();
  await exitCodeOf(server);
});

test('relay-in-server.js serves its own page, and the stream under its path', async () => {
  const server = start('relay-in-server.js', clip, '0', 'fast');
  const address = await addressOf(server);
  expect(await (await fetch(new URL('/', address))).text()).toContain('The stream is at /live/');
  expect(await (await fetch(address)).text()).toContain('relay/page/app.js');
  const socket = new WebSocket(`${address.replace('http', 'ws')}live/main`, 'srvid.v1');
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('message', (_, isBinary) => isBinary && resolve(undefined));
  });
  socket.terminate();
  server.kill('SIGTERM');
  expect(await exitCodeOf(server)).toBe(0);
});
