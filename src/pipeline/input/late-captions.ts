import { sideDataKinds } from './side-data.js';
import type { Source } from './source.js';

/** Codecs whose frames may have closed captions (ATSC A/53 Part 4) beside their pixels, by ffmpeg's names. */
const CAPTIONED = new Set(['h264', 'hevc', 'mpeg2video', 'mpeg1video', 'av1']);
/** The number alone on a line of ffmpeg's log that tells of captions; no other filter has one below 0 printed. */
const PRINTED_CAPTIONS = /^(?:\[Eval @ \w+\] )?-53\.0+$/;
/** ffmpeg's level of a warning. */
const WARNING = 24;

/** The loss of captions that begin in mid-stream, where a source's first frames had none to plan by. */
export const LATE_CAPTIONS =
  'Closed captions begin after the first frames of the source, too late to be carried, and are lost. Cut the file shortly before they begin to keep them.';

/**
 * Filters that let all frames pass and have the first one with captions printed to the log. Undefined where captions
 * were seen before, or cannot be.
 */
export function captionsWatch({ video }: Pick<Source, 'video'>): string | undefined {
  const seen = sideDataKinds(video).some((kind) => /^atsc a53/i.test(kind));
  if (seen || !CAPTIONED.has(video.codec_name ?? '')) return undefined;
  const print = `select='if(eq(n,0),0*print(-53,${WARNING}),0)'`;
  return `split[all][watched];[watched]sidedata=mode=select:type=A53_CC,${print},nullsink;[all]null`;
}

/** True for the line of the log that `captionsWatch` has printed. */
export function printsCaptions(line: string): boolean {
  return PRINTED_CAPTIONS.test(line);
}
