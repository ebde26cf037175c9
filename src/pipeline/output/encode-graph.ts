import {
  CHROMA_SHIFT,
  type Color,
  FOURCC,
  type FrameFormat,
  frameBytes,
  lumaBytes,
  lumaFormat,
  type PixelFormat,
  type PlainFormat,
  planeLayouts,
  type SplitFormat,
  withChroma,
} from '../frames/frame.js';
import { isRgbFormat, swscaleMatrix } from '../frames/matrix.js';
import { type Rational, rational } from '../frames/time.js';
import { colorFilters } from './color-tags.js';
import type { FrameSideData } from './frame-side-data.js';
import type { StoredColor } from './stored-color.js';

/** The middle between two luma samples, see `chromaSite`. */
const MIDDLE = 128;

/** A raw video stream to the encoder. `start` and `end` are the range of a frame's bytes that it carries. */
export interface RawStream {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The raw streams that carry one frame to the encoder, in order. A split frame becomes its luma and a picture of its
 * chroma. That picture needs bytes in place of its luma, which the encoder ignores. The end of the small luma lies just
 * before the chroma and serves for that.
 */
export function rawStreams(format: FrameFormat, color: Color): readonly RawStream[] {
  const { width, height } = format;
  if (format.kind !== 'split') return [{ fourcc: FOURCC[format.kind], width, height, start: 0, end: frameBytes(format) }];
  const picture = chromaPicture(format.small, color);
  const end = frameBytes(format);
  return [
    { fourcc: FOURCC[lumaFormat(format).kind], width, height, start: 0, end: lumaBytes(format) },
    { fourcc: FOURCC[picture.kind], width: picture.width, height: picture.height, start: end - frameBytes(picture), end },
  ];
}

/**
 * The size that is encoded. Most encoders refuse odd sizes where chroma is subsampled, in the frames or in the format
 * that they are coded in, so the last row or column is left out.
 */
export function encodedSize(format: FrameFormat, coded?: string): { width: number; height: number } {
  const [x, y] = CHROMA_SHIFT[pictureKind(format)] ?? [0, 0];
  const [codedX, codedY] = subsampling(coded ?? '');
  const even = (value: number, shift: number) => (shift && value > 1 ? value - (value % 2) : value);
  return { width: even(format.width, x || codedX), height: even(format.height, y || codedY) };
}

/** The pixel format of a frame's complete picture. */
export function pictureKind(format: FrameFormat): PixelFormat {
  return format.kind === 'split' ? format.small.kind : format.kind;
}

/** log2 of the chroma subsampling of a pixel format of any depth, by ffmpeg's name. */
function subsampling(format: string): readonly [x: number, y: number] {
  if (/4[12]0|nv12|nv21|p01\d/.test(format)) return [1, 1];
  return /4[12][12]|nv16|p21\d/.test(format) ? [1, 0] : [0, 0];
}

/** Properties of encoder and ffmpeg on which the graph depends. */
interface GraphOptions {
  /** Gives gray frames neutral chroma, for an encoder that does not take gray. */
  readonly grayAsYuv?: boolean;
  /** See `FfmpegBinary.setsChromaLocation`. */
  readonly setsChromaLocation?: boolean;
  /** The conversion that the encoder needs. */
  readonly stored?: StoredColor | undefined;
  /** The source of what lies beside the pixels: ffmpeg's index of the input, and the plan. */
  readonly sideData?: { readonly index: number; readonly plan: FrameSideData } | undefined;
  /** Gives each frame a palette of its own, of the 256 colours that suit it best. */
  readonly hasPalette?: boolean;
  /** The rate at which frames are counted, in place of their times. */
  readonly countedRate?: Rational | undefined;
}

/** One palette for all frames would have them all wait in memory for it. */
const PALETTE = 'split[c][d];[c]palettegen=stats_mode=single:reserve_transparent=0[e];[d][e]paletteuse=new=1:dither=sierra2_4a';

/**
 * The encoder's filter graph, from input 0 to [v]. swscale scales the U and V of a split frame, at the right chroma
 * position, and they are merged with the luma plane. Where the encoder does not take gray, `grayAsYuv` adds neutral
 * chroma: ffmpeg by itself would stretch the range, or convert to RGB.
 */
export function filterGraph(
  format: FrameFormat,
  color: Color,
  sampleAspect: Rational | undefined,
  { grayAsYuv, setsChromaLocation, stored, sideData, hasPalette, countedRate }: GraphOptions = {},
): string {
  const size = encodedSize(format, stored?.pixelFormat);
  const crop = size.width === format.width && size.height === format.height ? [] : [`crop=${size.width}:${size.height}:0:0:exact=1`];
  const aspect = sampleAspect ? [`setsar=${sampleAspect.num}/${sampleAspect.den}`] : [];
  // Levels stay unchanged in either range: from 7.1 on ffmpeg takes all gray for full range.
  const neutral = ['scale=in_range=pc:out_range=pc', 'format=yuv420p', "crop='max(2*trunc(iw/2),1)':'max(2*trunc(ih/2),1)':0:0:exact=1"];
  const tail = [
    ...crop,
    ...(format.kind === 'gray' && grayAsYuv ? neutral : []),
    ...colorFilters(color, setsChromaLocation),
    ...(stored ? [conversion(pictureKind(format), color, stored), ...untold(stored.color), ...colorFilters(stored.color, setsChromaLocation)] : []),
    ...aspect,
    ...(countedRate ? [`settb=${countedRate.den}/${countedRate.num}`, 'setpts=N'] : []),
  ];
  const filters = [...tail, hasPalette ? PALETTE : 'null'].join(',');
  const picture = format.kind === 'split' ? `${mergeGraph(format, color)},` : '[0:0]';
  if (!sideData) return `${picture}${filters}[v]`;
  return `${picture}null[p];${besidePixels(format, sideData.index, sideData.plan)}[m];[m][p]blend=all_mode=normal:all_opacity=0,${filters}[v]`;
}

/**
 * The source's frames at the size of the processed ones, whose pixels replace theirs: of `blend`'s two inputs the first
 * gives what lies beside the pixels, and at opacity 0 the second all of the pixels. Nothing else is to pass: not the
 * marks of interlacing, nor pixel shapes, nor colours, for which newer versions would convert.
 */
function besidePixels(format: FrameFormat, index: number, { stream, filters }: FrameSideData): string {
  const scale = `scale=${format.width}:${format.height}:flags=neighbor`;
  const untold = 'setparams=field_mode=prog:range=unknown:colorspace=unknown:color_primaries=unknown:color_trc=unknown';
  return `[${index}:${stream}]${[...filters, scale, `format=${format.kind === 'split' ? format.small.kind : format.kind}`, untold, 'setsar=0'].join(',')}`;
}

/**
 * Converts levels and pixel format. Everything is said: what a filter that ffmpeg inserts by itself takes for granted
 * differs between formats, and between its versions.
 */
function conversion(kind: PixelFormat, color: Color, { from, color: to, pixelFormat }: StoredColor): string {
  const [before, after] = [swscaleMatrix(from.matrix), isRgbFormat(pixelFormat) ? undefined : swscaleMatrix(to.matrix ?? from.matrix)];
  const [x, y] = subsampling(pixelFormat);
  const [horizontal, vertical] = chromaSite(color);
  const scale = [
    `scale=in_range=${from.range}:out_range=${to.range ?? from.range}`,
    ...(before ? [`in_color_matrix=${before}`] : []),
    ...(before && after ? [`out_color_matrix=${after}`] : []),
    ...chromaPositions(kind, color).filter((option) => option.startsWith('in_')),
    ...(x > 0 ? [`out_h_chr_pos=${horizontal}`] : []),
    ...(y > 0 ? [`out_v_chr_pos=${vertical}`] : []),
    'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp',
  ];
  // Straight to a format of full range only (yuvj420p), ffmpeg 7.0 leaves the matrix as it was.
  return [scale.join(':'), ...(after ? [`format=${pixelFormat}`] : [])].join(',');
}

/** Newer versions of swscale tag frames with the matrix that they were converted by, which is the assumed one where the source names none. */
function untold({ matrix }: Color): string[] {
  return matrix ? [] : ['setparams=colorspace=unknown'];
}

/**
 * The pixel shape that keeps the display shape for any output size. Undefined where the source gives none and the scale
 * is the same in both directions, apart from rounding to whole pixels.
 */
export function scaledAspect(
  source: { width: number; height: number; sampleAspect: Rational | undefined },
  output: { width: number; height: number },
): Rational | undefined {
  const { width, height, sampleAspect } = source;
  const stretch = rational(width * output.height, height * output.width);
  const oneScale = Math.abs(output.width / width - output.height / height) < 0.5 / width + 0.5 / height;
  if (oneScale) return sampleAspect;
  const { num, den } = sampleAspect ?? { num: 1, den: 1 };
  return rational(num * stretch.num, den * stretch.den);
}

function mergeGraph({ width, height, small }: SplitFormat, color: Color): string {
  const large = { kind: small.kind, width, height };
  const picture = chromaPicture(large, color);
  const scale = [`scale=${picture.width}:${picture.height}:flags=bicubic`, ...chromaPositions(picture.kind, color)].join(':');
  return (
    `[0:1]${scale},format=${picture.kind},extractplanes=u+v[u][v0];[0:0]format=${lumaFormat(large).kind}[y];` +
    `[y][u][v0]mergeplanes=map0s=0:map0p=0:map1s=1:map1p=0:map2s=2:map2p=0:format=${small.kind}`
  );
}

/**
 * The picture with the least luma whose chroma planes are the frame's, for swscale to scale. swscale respects the
 * chroma position only along an axis with less chroma than luma. So luma is reduced along the axes where chroma sits in
 * the middle.
 */
function chromaPicture(format: PlainFormat, color: Color): PlainFormat {
  const [, chroma] = planeLayouts(format);
  const [x, y] = CHROMA_SHIFT[format.kind] ?? [0, 0];
  if (!chroma) throw new Error(`chromaPicture: a ${format.kind} frame has no chroma`);
  const [horizontal, vertical] = chromaSite(color);
  if (y > 0 && vertical !== MIDDLE) return format;
  if (x > 0 && horizontal !== MIDDLE) return { kind: withChroma(format.kind, [1, 0]), width: format.width, height: chroma.height };
  return { kind: withChroma(format.kind, [0, 0]), width: chroma.width, height: chroma.height };
}

/**
 * swscale's options for the chroma position. Without them it takes 4:2:0 chroma for centred, and the result is off by
 * up to one luma pixel of the output.
 */
function chromaPositions(kind: PixelFormat, color: Color): string[] {
  const [x, y] = CHROMA_SHIFT[kind] ?? [0, 0];
  const [horizontal, vertical] = chromaSite(color);
  const options: string[] = [];
  if (x > 0) options.push(`in_h_chr_pos=${horizontal}`, `out_h_chr_pos=${horizontal}`);
  if (y > 0) options.push(`in_v_chr_pos=${vertical}`, `out_v_chr_pos=${vertical}`);
  return options;
}

/** Position of a chroma sample among the luma samples that share it, in 1/256 of a luma sample from the first. */
function chromaSite({ chromaLocation = 'left' }: Color): readonly [horizontal: number, vertical: number] {
  const horizontal = /^(center|top|bottom)$/.test(chromaLocation) ? MIDDLE : 0;
  const vertical = chromaLocation.startsWith('top') ? 0 : chromaLocation.startsWith('bottom') ? 256 : MIDDLE;
  return [horizontal, vertical];
}
