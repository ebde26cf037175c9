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
import { type Rational, rational } from '../frames/time.js';

/** In the middle of two luma samples, see `chromaSite`. */
const MIDDLE = 128;

/** A raw video stream to the encoder, and which of a frame's bytes go through it. */
export interface RawStream {
  readonly fourcc: string;
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The raw streams that carry one frame to the encoder, in order. A split frame is its luma and a picture of its chroma,
 * which needs bytes where its luma would be: the end of the small luma lies just before the chroma, and nobody looks at it.
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

/** Whether an encoder with these settings takes gray frames as they are (`ffmpeg -h encoder=NAME` lists its formats). */
export function takesGray(encoder: string, pixelFormat: string | undefined): boolean {
  return /^(libx264|libx265|ffv1)$/.test(encoder) && (pixelFormat === undefined || pixelFormat.startsWith('gray'));
}

/** The size that is encoded: most encoders refuse odd sizes where chroma is subsampled, so a last row or column goes. */
export function encodedSize(format: FrameFormat): { width: number; height: number } {
  const kind = format.kind === 'split' ? format.small.kind : format.kind;
  const [x, y] = CHROMA_SHIFT[kind] ?? [0, 0];
  const even = (value: number, shift: number) => (shift && value > 1 ? value - (value % 2) : value);
  return { width: even(format.width, x), height: even(format.height, y) };
}

/**
 * The encoder's filter graph, from input 0 to [v]. A split frame's U and V are scaled by swscale, at the right chroma
 * position, and merged with the luma plane. Where the encoder does not take
 * gray, `grayAsYuv` gives it neutral chroma: left to itself, ffmpeg would stretch the range, or turn it into RGB.
 */
export function filterGraph(format: FrameFormat, color: Color, sampleAspect: Rational | undefined, grayAsYuv = false): string {
  const size = encodedSize(format);
  const crop = size.width === format.width && size.height === format.height ? [] : [`crop=${size.width}:${size.height}:0:0:exact=1`];
  const aspect = sampleAspect ? [`setsar=${sampleAspect.num}/${sampleAspect.den}`] : [];
  // Levels stay as they are, whatever range they are of: from 7.1 on ffmpeg takes all gray for full range.
  const neutral = ['scale=in_range=pc:out_range=pc', 'format=yuv420p', "crop='max(2*trunc(iw/2),1)':'max(2*trunc(ih/2),1)':0:0:exact=1"];
  const tail = [...crop, ...(format.kind === 'gray' && grayAsYuv ? neutral : []), ...colorFilters(color), ...aspect];
  if (format.kind === 'split') return `${mergeGraph(format, color)}${tail.map((filter) => `,${filter}`).join('')}[v]`;
  return `[0:0]${[...tail, 'null'].join(',')}[v]`;
}

/**
 * Says a frame's colours in the frame itself: NUT drops them. What the source does not say is left unsaid. From ffmpeg 7.1 on encoders
 * take them from the frames, whatever the command says.
 */
function colorFilters({ matrix, primaries, transfer, range }: Color): string[] {
  const said = Object.entries({ range, colorspace: matrix, color_primaries: primaries, color_trc: transfer }).filter(([, value]) => value !== undefined);
  return said.length > 0 ? [`setparams=${said.map(([name, value]) => `${name}=${value}`).join(':')}`] : [];
}

/**
 * Display shape is kept whatever the size: the pixel's shape makes up for it. Undefined where the source gives none
 * and the scale is the same in both directions, but for rounding to whole pixels.
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
 * The picture with the least luma that has a frame's chroma as its own, for swscale to scale. swscale minds where chroma
 * sits only along an axis that has less chroma than luma, so luma is left out along the axes where chroma sits in the middle.
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
 * swscale's options for where chroma sits. Without them it takes 4:2:0 chroma for centred and the result lies off by up
 * to one luma pixel of the output.
 */
function chromaPositions(kind: PixelFormat, color: Color): string[] {
  const [x, y] = CHROMA_SHIFT[kind] ?? [0, 0];
  const [horizontal, vertical] = chromaSite(color);
  const options: string[] = [];
  if (x > 0) options.push(`in_h_chr_pos=${horizontal}`, `out_h_chr_pos=${horizontal}`);
  if (y > 0) options.push(`in_v_chr_pos=${vertical}`, `out_v_chr_pos=${vertical}`);
  return options;
}

/** Where a chroma sample sits among the luma samples that share it, in 1/256 of a luma sample from the first. */
function chromaSite({ chromaLocation = 'left' }: Color): readonly [horizontal: number, vertical: number] {
  const horizontal = /^(center|top|bottom)$/.test(chromaLocation) ? MIDDLE : 0;
  const vertical = chromaLocation.startsWith('top') ? 0 : chromaLocation.startsWith('bottom') ? 256 : MIDDLE;
  return [horizontal, vertical];
}
