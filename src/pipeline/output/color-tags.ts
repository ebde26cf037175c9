import type { Color } from '../frames/frame.js';

/**
 * Tags the frames themselves with their colours, which NUT drops. Colours that the source does not name stay untagged.
 * From ffmpeg 7.1 on encoders take the tags of the frames, whatever the command says.
 */
export function colorFilters({ matrix, primaries, transfer, range, chromaLocation }: Color, setsChromaLocation = false): string[] {
  const tags = { range, colorspace: matrix, color_primaries: primaries, color_trc: transfer, chroma_location: setsChromaLocation ? chromaLocation : undefined };
  const said = Object.entries(tags).filter(([, value]) => value !== undefined);
  return said.length > 0 ? [`setparams=${said.map(([name, value]) => `${name}=${value}`).join(':')}`] : [];
}

/** Two transfers and a matrix have other names as options than in ffprobe's output. */
const TRANSFER_OPTIONS = new Map([
  ['bt470bg', 'gamma28'],
  ['bt470m', 'gamma22'],
]);
const MATRIX_OPTIONS = new Map([['gbr', 'rgb']]);

/**
 * The encoder's colour tags. From ffmpeg 7.1 on the tags of the frames win, which the filter graph sets. These then
 * keep ffmpeg from converting to the colours that it assumes for the encoder. Before 7.1 these count, and no filter
 * could set the chroma position.
 */
export function colorTags({ matrix, primaries, transfer, range, chromaLocation }: Color): string[] {
  return [
    ...(range ? ['-color_range', range] : []),
    ...(matrix ? ['-colorspace', MATRIX_OPTIONS.get(matrix) ?? matrix] : []),
    ...(primaries ? ['-color_primaries', primaries] : []),
    ...(transfer ? ['-color_trc', TRANSFER_OPTIONS.get(transfer) ?? transfer] : []),
    ...(chromaLocation ? ['-chroma_sample_location', chromaLocation] : []),
  ];
}
