import { CHROMA_SHIFT, type Color, type FrameFormat, partsOf, type SplitFormat } from '../frames/frame.js';
import { type Rational, rational } from '../frames/time.js';

/** Codec tags by which NUT names raw frames; ffmpeg's raw codec table. */
const FOURCC = { yuv420p: 'I420', yuv422p: '422P', yuv444p: '444P', gray: 'Y800', rgb24: 'RGB\x18' } as const;

/** The raw streams that carry one frame to the encoder, in order. */
export function rawStreams(format: FrameFormat): readonly { fourcc: string; width: number; height: number }[] {
  return partsOf(format).map(({ kind, width, height }) => ({ fourcc: FOURCC[kind], width, height }));
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
 * The encoder's filter graph, from input 0 to [v]. A split frame's small part is scaled by swscale as a whole, at the
 * right chroma position, then only its U and V are taken and merged with the luma plane. Where the encoder does not take
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
  if (small.kind === 'gray' || small.kind === 'rgb24') throw new Error(`mergeGraph: a ${small.kind} frame has no chroma to merge`);
  const positions = chromaPositions(small.kind, color.chromaLocation);
  const scale = [`scale=${width}:${height}:flags=bicubic`, ...positions].join(':');
  return (
    `[0:1]${scale},format=${small.kind},extractplanes=u+v[u][v0];[0:0]format=gray[y];` +
    `[y][u][v0]mergeplanes=map0s=0:map0p=0:map1s=1:map1p=0:map2s=2:map2p=0:format=${small.kind}`
  );
}

/**
 * swscale's chroma positions, in 1/256 of a luma sample. Without them it takes 4:2:0 chroma for centred and the result
 * lies off by up to one luma pixel of the output.
 */
function chromaPositions(kind: 'yuv420p' | 'yuv422p' | 'yuv444p', location = 'left'): string[] {
  const [x, y] = CHROMA_SHIFT[kind] as readonly [number, number];
  const horizontal = location === 'center' || location === 'top' || location === 'bottom' ? 128 : 0;
  const vertical = location.startsWith('top') ? 0 : location.startsWith('bottom') ? 256 : 128;
  const options: string[] = [];
  if (x > 0) options.push(`in_h_chr_pos=${horizontal}`, `out_h_chr_pos=${horizontal}`);
  if (y > 0) options.push(`in_v_chr_pos=${vertical}`, `out_v_chr_pos=${vertical}`);
  return options;
}
