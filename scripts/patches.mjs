// Four flat patches, black, white, gray and a red brown, as a video, and what becomes of their colours in an encoder.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../dist/pipeline/ffmpeg/binary.js';
import { frameBytes } from '../dist/pipeline/frames/frame.js';
import { Decoder } from '../dist/pipeline/input/decode.js';
import { openSource } from '../dist/pipeline/input/open.js';
import { containerFor } from '../dist/pipeline/output/container.js';
import { Encoder } from '../dist/pipeline/output/encode.js';
import { settleOutput } from '../dist/pipeline/output/output-steps.js';
import { planOutput } from '../dist/pipeline/output/plan.js';

const run = promisify(execFile);
const binary = await findFfmpeg();
const { ffmpeg, ffprobe } = binary;
const COLOURS = ['black', 'white', '0x808080', '0xC04020'];

/** The most that a patch may be off the source's, in levels of red, green or blue. */
export const LEVELS_OFF = 3;
/** The colours of the sources: both ranges by both matrices. */
export const SOURCES = ['tv', 'pc'].flatMap((range) => ['bt709', 'smpte170m'].map((matrix) => ({ range, matrix })));

/** A video of the patches, two frames, stored without loss. @returns its path in `folder` */
export async function patchVideo(folder, { range, matrix }, [width, height]) {
  const path = join(folder, `patches-${range}-${matrix}-${width}x${height}.mkv`);
  if (await access(path).then(() => true, () => false)) return path; // biome-ignore format: one thought
  const patches = COLOURS.map((colour, at) => `color=${colour}:s=${width / 2}x${height / 2}:r=25:d=0.08,format=rgb24[p${at}]`).join(';');
  const convert = `scale=out_color_matrix=${matrix}:out_range=${range}:flags=accurate_rnd+full_chroma_int,format=yuv420p`;
  const tags = `setparams=range=${range}:colorspace=${matrix}:color_primaries=${matrix}:color_trc=${matrix}`;
  const said = ['-color_range', range, '-colorspace', matrix, '-color_primaries', matrix, '-color_trc', matrix];
  const graph = `${patches};[p0][p1]hstack[top];[p2][p3]hstack[bottom];[top][bottom]vstack,${convert},${tags}`;
  await run(ffmpeg, ['-nostdin', '-v', 'error', '-y', '-filter_complex', graph, ...said, '-c:v', 'ffv1', path]);
  return path;
}

/**
 * Encodes such a video as a run of srvid does, but for the enlarging.
 * @returns what a reader says of the output, and how far its patches are off, in levels
 */
export async function stored({ input, output, encoder, options }) {
  const opened = await openSource(binary, { input, deinterlace: 'auto', strict: false, allowReferences: false, maxPixels: 1 << 24 });
  const settings = { name: encoder, options };
  const { info } = opened.source;
  const ends = { source: opened, container: containerFor(output, undefined), carried: { streams: [], covers: [], warnings: [] }, output };
  const request = { ...ends, range: {}, format: info.format, encoderFor: () => settings, salvage: false, strict: false, stallTimeoutMs: 60_000 };
  const planned = planOutput(request);
  const plan = await settleOutput({ binary, opened, planned, options: { strict: false }, drops: false, warn: () => {} });
  await encode(plan, opened.source);
  const [before, after, frame] = [await patchesOf(input), await patchesOf(output), await frameOf(output)];
  return {
    off: Math.max(...before.map((level, at) => Math.abs(level - after[at]))),
    pixelFormat: frame.pix_fmt,
    range: frame.color_range ?? (frame.pix_fmt.startsWith('yuvj') ? 'pc' : 'tv'),
    matrix: frame.color_space === undefined || frame.color_space === 'unknown' ? 'unsaid' : frame.color_space.replace('bt470bg', 'smpte170m'),
  };
}

async function encode(plan, source) {
  const decoder = new Decoder(binary, source, { forwarded: [], salvage: false, stallTimeoutMs: 60_000 });
  const encoder = new Encoder(binary, plan, 'ignore');
  const bytes = new Uint8Array(frameBytes(plan.format));
  try {
    await Promise.all([decoder.open(), encoder.open()]);
    for (let pts = await decoder.next(() => bytes); pts !== undefined; pts = await decoder.next(() => bytes)) await encoder.write(pts, bytes);
    await encoder.finish();
  } finally {
    await Promise.all([decoder.stop(), encoder.stop()]);
  }
}

/** Red, green and blue in the middle of each patch, as ffmpeg shows them. */
async function patchesOf(path) {
  const filter = 'scale=4:4:flags=neighbor,format=rgb24';
  const { stdout } = await run(ffmpeg, ['-nostdin', '-v', 'error', '-i', path, '-frames:v', '1', '-vf', filter, '-f', 'rawvideo', '-'], { encoding: 'buffer' });
  return [0, 3, 12, 15].flatMap((pixel) => [...stdout.subarray(3 * pixel, 3 * pixel + 3)]);
}

async function frameOf(path) {
  const args = ['-v', 'error', '-of', 'json', '-select_streams', 'v:0', '-read_intervals', '%+#1', '-show_entries', 'frame=pix_fmt,color_range,color_space'];
  return JSON.parse((await run(ffprobe, [...args, path])).stdout).frames[0];
}
