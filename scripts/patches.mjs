// Four flat patches, black, white, gray and a red brown, as a video, and what becomes of their colours in a run of srvid.
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../dist/pipeline/ffmpeg/binary.js';
import { runSession } from '../dist/session.js';

const run = promisify(execFile);
const { ffmpeg, ffprobe } = await findFfmpeg();
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

/** Runs srvid on such a video. @returns what a reader says of the output, and how far its patches are off, in levels */
export async function stored({ input, output, encoder, options, scale }) {
  await runSession({ input, output, encoder, encoderOptions: options, preset: 'bicubic', scale, overwrite: true });
  const [before, after, frame] = [await patchesOf(input), await patchesOf(output), await frameOf(output)];
  return {
    off: Math.max(...before.map((level, at) => Math.abs(level - after[at]))),
    pixelFormat: frame.pix_fmt,
    range: frame.color_range ?? (frame.pix_fmt.startsWith('yuvj') ? 'pc' : 'tv'),
    matrix: frame.color_space === undefined || frame.color_space === 'unknown' ? 'unsaid' : frame.color_space.replace('bt470bg', 'smpte170m'),
  };
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
