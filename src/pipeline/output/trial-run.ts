import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SrvidError } from '../../errors.js';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { probeFile } from '../ffmpeg/probe.js';
import { type Color, frameBytes, type HeldFrame, type PlainFormat, type SplitFormat } from '../frames/frame.js';
import { PATIENCE_MS } from '../frames/timeout.js';
import { Decoder } from '../input/decode.js';
import { describeSource, type Source } from '../input/source.js';
import { containerFor } from './container.js';
import { Encoder } from './encode.js';
import { makeTemporaryFolder } from './temporary-folder.js';

const SMALL: PlainFormat = { kind: 'yuv420p', width: 64, height: 48 };
const LARGE: SplitFormat = { kind: 'split', width: 128, height: 96, small: SMALL };
const COLOR: Color = { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', range: 'tv' };
const FRAMES = 3;

/**
 * Tries ffmpeg with the commands of a real run, on three tiny frames: decode them, scale their chroma, merge it with a
 * large luma plane, encode. Then checks that pictures, times and colours came through.
 * @throws SRVID_FFMPEG_UNFIT where they did not; SRVID_DECODE_FAILED, SRVID_ENCODE_FAILED and others where it does not
 * get that far
 */
export async function tryFfmpeg(binary: FfmpegBinary): Promise<void> {
  const folder = await makeTemporaryFolder('trial');
  try {
    const [input, output] = [join(folder, 'in.y4m'), join(folder, 'out.mkv')];
    await writeFile(input, yuv4mpeg());
    const source = describeSource(input, await probeFile(binary, input));
    const decoded = await decodeAll(binary, source);
    const given = decoded.map(({ pts, bytes }) => ({ pts, bytes: enlarged(bytes) }));
    await encodeAll(binary, source, given, output);
    const result = describeSource(output, await probeFile(binary, output));
    compare(binary, source, decoded, given, result, await decodeAll(binary, result));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function decodeAll(binary: FfmpegBinary, source: Source): Promise<HeldFrame[]> {
  const decoder = new Decoder(binary, source, { forwarded: [], salvage: false, stallTimeoutMs: PATIENCE_MS });
  const frames: HeldFrame[] = [];
  try {
    await decoder.open();
    for (;;) {
      const bytes = new Uint8Array(frameBytes(source.info.format));
      const pts = await decoder.next(() => bytes);
      if (pts === undefined) return frames;
      frames.push({ pts, bytes });
    }
  } finally {
    await decoder.stop();
  }
}

async function encodeAll(binary: FfmpegBinary, { info }: Source, frames: readonly HeldFrame[], output: string): Promise<void> {
  const encoder = new Encoder(binary, {
    ...{ format: LARGE, timeBase: info.timeBase, frameRate: info.frameRate, stallTimeoutMs: PATIENCE_MS, color: COLOR, sampleAspect: undefined },
    // Part of every ffmpeg, and lossless, so that the decoded frames must equal the encoded ones.
    ...{ encoder: { name: 'ffv1', options: [] }, container: containerFor(output, undefined), output, shiftSeconds: 0, carry: { from: 'nothing' } },
  });
  try {
    await encoder.open();
    for (const { pts, bytes } of frames) await encoder.write(pts, bytes);
    await encoder.finish();
  } finally {
    await encoder.stop();
  }
}

/** Compares result and source. The two may count time in different ticks; both begin at 0 and have the same step. */
function compare(
  binary: FfmpegBinary,
  source: Source,
  decoded: readonly HeldFrame[],
  given: readonly HeldFrame[],
  result: Source,
  back: readonly HeldFrame[],
): void {
  const seconds = (frames: readonly HeldFrame[], { info }: Source) => frames.map(({ pts }) => ((pts * info.timeBase.num) / info.timeBase.den).toFixed(3));
  expectSame(binary, 'the decoded frames', decoded.map(({ bytes }) => String(pictureNumber(bytes))).join(), '0,1,2');
  expectSame(binary, 'the times of frames', seconds(back, result).join(), seconds(given, source).join());
  const luma = LARGE.width * LARGE.height;
  const same = back.every(({ bytes }, index) => Buffer.compare(bytes.subarray(0, luma), (given[index] as HeldFrame).bytes.subarray(0, luma)) === 0);
  expectSame(binary, 'the pictures', same ? 'as encoded' : 'other ones', 'as encoded');
  const { color } = result.info;
  const told = ({ matrix, primaries, transfer, range }: Color) => [matrix, primaries, transfer, range].map((name) => name ?? 'unknown').join();
  expectSame(binary, 'the colours (matrix, primaries, transfer, range)', told(color), told(COLOR));
}

function expectSame(binary: FfmpegBinary, what: string, found: string, wanted: string): void {
  if (found === wanted) return;
  const message = `ffmpeg ${binary.version} at "${binary.ffmpeg}" ran srvid's commands on ${FRAMES} test frames, but ${what} came out as ${found} instead of ${wanted}. Install another version, or set FFMPEG_PATH to one.`;
  throw new SrvidError('SRVID_FFMPEG_UNFIT', message, { what, found, wanted });
}

/** A YUV4MPEG2 file of gray frames; the luma of each is its number. */
function yuv4mpeg(): Buffer {
  const { width, height } = SMALL;
  const frame = (index: number) =>
    Buffer.concat([Buffer.from('FRAME\n'), Buffer.alloc(width * height, lumaOf(index)), Buffer.alloc((width * height) / 2, 128)]);
  return Buffer.concat([
    Buffer.from(`YUV4MPEG2 W${width} H${height} F25:1 Ip A1:1 C420mpeg2\n`),
    ...Array.from({ length: FRAMES }, (_, index) => frame(index)),
  ]);
}

function lumaOf(index: number): number {
  return 40 + 50 * index;
}

function pictureNumber(bytes: Uint8Array): number {
  return ((bytes[0] as number) - lumaOf(0)) / (lumaOf(1) - lumaOf(0));
}

/** A frame whose luma plane no scaler would produce, followed by the small frame. */
function enlarged(small: Uint8Array): Uint8Array {
  const luma = Uint8Array.from({ length: LARGE.width * LARGE.height }, (_, at) => 16 + ((at * 7 + (small[0] as number)) % 220));
  return Buffer.concat([luma, small]);
}
