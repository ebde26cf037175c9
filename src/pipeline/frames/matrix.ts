/** The matrix that players assume for a stream that names none: BT.709 from 720 lines up, BT.601 below. */
export function assumedMatrix(height: number): string {
  return height >= 720 ? 'bt709' : 'smpte170m';
}

/** True for two names of one matrix: BT.601 has one for each of its line systems. */
export function sameMatrix(a: string, b: string): boolean {
  return a === b || (BT601.has(a) && BT601.has(b));
}

/** True for pixel formats without luma, by ffmpeg's names, which need no matrix. A palette counts, too. */
export function isRgbFormat(format: string): boolean {
  return /rgb|bgr|gbr|pal8/.test(format);
}

/** The name of a matrix as an option of the scale filter; undefined where swscale cannot convert by it. */
export function swscaleMatrix(matrix: string): string | undefined {
  return SWSCALE_NAMES.get(matrix);
}

const BT601 = new Set(['smpte170m', 'bt470bg']);

/** The matrices that swscale knows, by ffmpeg's names, with swscale's names of them. */
const SWSCALE_NAMES = new Map([
  ['bt709', 'bt709'],
  ['smpte170m', 'smpte170m'],
  ['bt470bg', 'bt470'],
  ['fcc', 'fcc'],
  ['smpte240m', 'smpte240m'],
  ['bt2020nc', 'bt2020'],
]);
