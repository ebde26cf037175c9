import type { Color, PixelFormat } from '../frames/frame.js';
import { swscaleMatrix } from '../frames/matrix.js';
import type { Rational } from '../frames/time.js';

/** A number alone on a line of ffmpeg's log: the pixel's new shape, as `steadyFilter` has it printed. */
const PRINTED_SHAPE = /^(?:\[Eval\] )?(\d+\.\d+)$/;
/** ffmpeg's level of a warning. */
const WARNING = 24;

/**
 * The filter that gives all frames what the stream's first ones have: range, matrix, pixel format. Streams that were
 * joined change these in their middle, and frames carry no word of it to the reader. Range and matrix are said in full
 * at each frame, and swscale copies what is the same. The pixel's shape cannot be converted; where it changes, it is
 * printed to the log. From 7.0 on ffmpeg gives all frames the stream's shape, and nothing shows.
 */
export function steadyFilter(kind: PixelFormat, { range, matrix }: Color, sampleAspect: Rational | undefined): string {
  const shape = sampleAspect ? sampleAspect.num / sampleAspect.den : 1;
  const width = `w='if(lt(abs(sar-${shape.toFixed(6)}),0.0001),iw,iw+0*print(sar,${WARNING}))'`;
  const known = matrix && swscaleMatrix(matrix);
  // ffmpeg takes gray for full range, whatever its tag says, and would stretch it.
  const colors = kind === 'gray' ? ['in_range=pc', 'out_range=pc'] : [`out_range=${range ?? 'tv'}`, ...(known ? [`out_color_matrix=${known}`] : [])];
  return ['scale=', width, ':', ['h=ih', 'eval=frame', ...colors].join(':')].join('');
}

/** The pixel's shape that a line of the log tells, as `steadyFilter` has it printed. */
export function printedShape(line: string): string | undefined {
  return PRINTED_SHAPE.exec(line)?.[1];
}

/** True for a warning that the filter makes idle: swscale asks to say the range of formats such as yuvj420p, and it is said. */
export function isIdle(line: string): boolean {
  return line.includes('deprecated pixel format used, make sure you did set range correctly');
}
