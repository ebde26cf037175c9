import type { Sample } from '../ffmpeg/probe-sample.js';
import type { Color, PixelFormat } from '../frames/frame.js';
import { assumedMatrix, isRgbFormat, sameMatrix } from '../frames/matrix.js';

/** The conversion of frames for an encoder. */
export interface StoredColor {
  /** The levels of the frames that arrive. The matrix is the one that players assume where the source names none. */
  readonly from: { readonly range: 'tv' | 'pc'; readonly matrix: string };
  /** Colours that the encoder is given, and the tags to write. RGB has the matrix 'gbr'. */
  readonly color: Color;
  /** The coded pixel format, by ffmpeg's name. */
  readonly pixelFormat: string;
}

/** Frames on their way to an encoder. */
export interface GivenFrames {
  readonly kind: PixelFormat;
  readonly color: Color;
  /** Heights of the source and of the output, by which players assume a matrix where none is named. */
  readonly sourceHeight: number;
  readonly height: number;
}

/**
 * The conversion that makes coded pictures show what the frames show. An encoder, its pixel formats or the container
 * may have one range or one matrix alone, or no place to say which; what a reader found in a sample tells it. Undefined
 * where the frames are stored as they come.
 */
export function storedColor(given: GivenFrames, sample: Sample): StoredColor | undefined {
  const { kind, color, sourceHeight } = given;
  const { primaries, transfer, chromaLocation } = color;
  const pixelFormat = sample.pixelFormat.replace('yuvj', 'yuv');
  const from = { range: color.range ?? 'tv', matrix: color.matrix ?? assumedMatrix(sourceHeight) } as const;
  // Whichever order the bytes have.
  if (isRgbFormat(pixelFormat)) return { from, color: { matrix: 'gbr', range: 'pc', primaries, transfer }, pixelFormat: 'rgb24' };
  const [range, matrix] = [heldRange(color, sample), heldMatrix(given, sample, from.matrix)];
  if (pixelFormat === kind && range === color.range && matrix === color.matrix) return undefined;
  return { from, color: { matrix, range, primaries, transfer, chromaLocation }, pixelFormat };
}

/** The range in which a reader takes the levels: limited where nothing is said, but ffmpeg takes gray for full. */
function heldRange(color: Color, { range, pixelFormat }: Sample): 'tv' | 'pc' | undefined {
  const isFull = range === 'pc' || pixelFormat.startsWith('yuvj');
  if (color.range === undefined) return isFull ? 'pc' : undefined;
  return isFull || (range === undefined && pixelFormat.startsWith('gray')) ? 'pc' : 'tv';
}

function heldMatrix({ color, height }: GivenFrames, sample: Sample, from: string): string | undefined {
  if (sample.pixelFormat.startsWith('gray')) return color.matrix;
  const said = sample.matrix === 'gbr' ? undefined : sample.matrix;
  const held = said ?? (color.matrix && assumedMatrix(height));
  return held === undefined || sameMatrix(held, from) ? color.matrix : held;
}
