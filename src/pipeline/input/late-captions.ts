import { sideDataKinds } from './side-data.js';
import type { Source } from './source.js';

/** Codecs whose frames may have closed captions (ATSC A/53 Part 4) beside their pixels, by ffmpeg's names. */
const CAPTIONED = new Set(['h264', 'hevc', 'mpeg2video', 'mpeg1video', 'av1']);
/** The number alone on a line of ffmpeg's log that tells of captions; no other filter has one below 0 printed. */
const PRINTED_CAPTIONS = /^(?:\[Eval\] )?-53\.0+$/;
/** Newer versions of ffmpeg say of each output without frames that it has none; the pictures are output 0. */
const EMPTY_OUTPUT = /^\[(out#\d+\/null\] Output file is empty|v(f|ost)#[1-9]\S*\] No filtered frames)/;
/** ffmpeg's level of a warning. */
const WARNING = 24;

/** The loss of captions that begin in mid-stream, where a source's first frames had none to plan by. */
export const LATE_CAPTIONS =
  'Closed captions begin after the first frames of the source, too late to be carried, and are lost. Cut the file shortly before they begin to keep them.';

/**
 * A further output of ffmpeg that writes nothing, and has the first frame with captions printed to the log. `cut` are the filters that leave
 * out frames. None where captions were seen before, or cannot be. It has a graph of its own: one in which a branch drops frames loses all
 * others with ffmpeg 7, once the stream changes its format in its middle.
 */
export function captionsWatch({ video }: Pick<Source, 'video'>, cut: readonly string[]): string[] {
  const seen = sideDataKinds(video).some((kind) => /^atsc a53/i.test(kind));
  if (seen || !CAPTIONED.has(video.codec_name ?? '')) return [];
  const print = `select='if(eq(n,0),0*print(-53,${WARNING}),0)'`;
  const filters = [...cut, 'sidedata=mode=select:type=A53_CC', print].join(',');
  return ['-map', `0:${video.index}`, '-vf', filters, '-c:v', 'wrapped_avframe', '-f', 'null', '-'];
}

/** True for a warning that an output which writes nothing has no frames. */
export function isOfEmptyOutput(line: string): boolean {
  return EMPTY_OUTPUT.test(line);
}

/** True for the line of the log that `captionsWatch` has printed. */
export function printsCaptions(line: string): boolean {
  return PRINTED_CAPTIONS.test(line);
}
