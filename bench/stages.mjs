// What each stage costs by itself, in milliseconds of one core a frame.

import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModelLibrary, resolveModel, verifyModel } from '../dist/plugins/model.js';
import { loadModel } from '../dist/plugins/onnx.js';
import { srvid } from './end-to-end.mjs';
import { benchmarkMs, FFMPEG, median, run } from './tools.mjs';

const RECORDER = fileURLToPath(new URL('./record-ffmpeg.mjs', import.meta.url));

/** The bare loop on one thread: bytes in, network, bytes out. */
export async function networkCost(clip, times = 60) {
  const library = await loadModelLibrary();
  const model = await loadModel(await verifyModel(library, resolveModel(library, { family: 'abpn', scale: 3 }, 'int8')));
  const input = { data: clip.luma, dims: [1, 1, 360, 640] };
  const output = { data: new Uint8Array(1920 * 1080), dims: [1, 1, 1080, 1920] };
  const taken = [];
  for (let index = -5; index < times; index++) {
    const since = performance.now();
    await model.run(input, output);
    if (index >= 0) taken.push(performance.now() - since);
  }
  await model.release();
  return median(taken);
}

export async function decodeCost(clip) {
  const { stderr } = await run(FFMPEG, ['-nostdin', '-benchmark', '-i', clip.path, '-map', '0:v:0', '-f', 'null', '-']);
  return benchmarkMs(stderr) / clip.frames;
}

/** The very encoder command of a run, fed again with the frames it was fed, from a file. */
export async function encodeCost(clip, folder) {
  const recording = join(folder, 'recording');
  await srvid([clip.path, join(folder, 'recorded.mp4')], { FFMPEG_PATH: RECORDER, SRVID_RECORDING: recording, SRVID_REAL_FFMPEG: FFMPEG });
  const args = JSON.parse(readFileSync(`${recording}.json`, 'utf8'));
  const child = spawn(FFMPEG, ['-benchmark', ...args, '-v', 'info'], { stdio: [openSync(`${recording}.nut`, 'r'), 'ignore', 'pipe', 'ignore'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return benchmarkMs(said) / clip.frames;
}
