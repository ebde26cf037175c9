// `npm run bench -- chroma [--rounds N]`: what the encoder's ffmpeg takes before the codec for a split frame, with its chroma as
// `encode-graph.ts` sends and scales it, and with the small frame sent and scaled as a whole; in turns, processor time.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { benchmarkMs, median } from '../dist/bench/tools.js';
import { frameBytes, lumaBytes, smallOffset } from '../dist/pipeline/frames/frame.js';
import { NutWriter } from '../dist/pipeline/nut/writer.js';
import { filterGraph, rawStreams } from '../dist/pipeline/output/encode-graph.js';
import { optionsOf } from './options.mjs';
import { FFMPEG } from './programs.mjs';

const CLIP = fileURLToPath(new URL('../examples/clips/city-360p25.mp4', import.meta.url));
const TIME_BASE = { num: 1, den: 25 };
const REPEATS = 4;
const POSITIONS = 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=128:out_v_chr_pos=128';

export async function measure(args) {
  const { rounds } = optionsOf({ rounds: 5 }, args);
  const folder = mkdtempSync(join(tmpdir(), 'srvid-chroma-'));
  try {
    for (const [width, height] of [
      [640, 360],
      [960, 540],
    ])
      await measureSize(folder, { kind: 'split', width: 1920, height: 1080, small: { kind: 'yuv420p', width, height } }, rounds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measureSize(folder, format, rounds) {
  const frames = framesOf(format);
  const { width, height, small } = format;
  const whole = [
    { fourcc: 'Y800', width, height, start: 0, end: lumaBytes(format) },
    { fourcc: 'I420', width: small.width, height: small.height, start: smallOffset(format), end: frameBytes(format) },
  ];
  const graph =
    `[0:1]scale=${width}:${height}:flags=bicubic:${POSITIONS},format=yuv420p,extractplanes=u+v[u][v0];[0:0]format=gray[y];` +
    '[y][u][v0]mergeplanes=map0s=0:map0p=0:map1s=1:map1p=0:map2s=2:map2p=0:format=yuv420p[v]';
  const forms = [
    { name: 'small frame as a whole', path: await write(join(folder, 'whole.nut'), whole, frames), graph },
    { name: 'chroma alone', path: await write(join(folder, 'chroma.nut'), rawStreams(format, {}), frames), graph: filterGraph(format, {}, undefined) },
  ];
  const times = forms.map(() => []);
  for (let round = 0; round < rounds; round++) for (const [index, form] of forms.entries()) times[index].push(await timeOf(form, frames.length * REPEATS));
  const [before, after] = forms.map((form) => firstFrame(form, format));
  const most = after.reduce((worst, value, at) => Math.max(worst, Math.abs(value - before[at])), 0);
  const told = forms.map(({ name }, index) => `${name} ${median(times[index]).toFixed(2)} ms`);
  console.log(`${small.width}x${small.height} to ${width}x${height}: ${told.join(', ')} a frame; largest difference ${most}`);
}

/** The bundled clip as split frames. */
function framesOf(format) {
  const raw = ({ kind, width, height }) =>
    execFileSync(FFMPEG, ['-v', 'error', '-i', CLIP, '-vf', `scale=${width}:${height}`, '-pix_fmt', kind, '-f', 'rawvideo', '-'], { maxBuffer: 1 << 30 });
  const [large, small] = [raw({ ...format, kind: 'gray' }), raw(format.small)];
  const [luma, rest] = [lumaBytes(format), frameBytes(format.small)];
  return Array.from({ length: small.length / rest }, (_, index) =>
    Buffer.concat([large.subarray(index * luma, (index + 1) * luma), small.subarray(index * rest, (index + 1) * rest)]),
  );
}

async function write(path, streams, frames) {
  const file = createWriteStream(path);
  const nut = streams.map(({ fourcc, width, height }) => ({ kind: 'video', fourcc, timeBase: TIME_BASE, video: { width, height } }));
  const writer = new NutWriter(file, nut);
  await writer.writeHeaders();
  for (let pts = 0; pts < REPEATS * frames.length; pts++) {
    const frame = frames[pts % frames.length];
    await writer.write(
      pts,
      streams.map(({ start, end }, stream) => ({ stream, data: frame.subarray(start, end) })),
    );
  }
  writer.end();
  await finished(file);
  return path;
}

function commandOf({ graph }, output) {
  return ['-nostdin', '-copyts', '-probesize', '32', '-analyzeduration', '0', '-f', 'nut', '-i', 'pipe:0', '-filter_complex', graph, '-map', '[v]', ...output];
}

async function timeOf(form, frames) {
  const args = ['-benchmark', ...commandOf(form, ['-c:v', 'wrapped_avframe', '-f', 'null', '-'])];
  const child = spawn(FFMPEG, args, { stdio: [openSync(form.path, 'r'), 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return benchmarkMs(said) / frames;
}

function firstFrame(form, format) {
  const output = ['-frames:v', '1', '-v', 'error', '-f', 'rawvideo', '-'];
  return execFileSync(FFMPEG, commandOf(form, output), { stdio: [openSync(form.path, 'r'), 'pipe', 'inherit'], maxBuffer: 4 * frameBytes(format) });
}
