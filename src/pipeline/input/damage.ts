import { SrvidError } from '../../errors.js';
import { finite } from '../ffmpeg/probe.js';
import { formatRational } from '../frames/time.js';
import type { TimeRange } from './cut.js';
import type { Source } from './source.js';

/**
 * Finds damage: a damaged file decodes to fewer frames than it announces, and ffmpeg complains but ends well.
 * @param log the messages of the ffmpeg that decoded
 * @throws SRVID_INPUT_DAMAGED, unless part of the source or `--salvage` was asked for
 */
export function assertWhole({ video, url }: Source, options: TimeRange & { readonly salvage: boolean }, frames: number, log: readonly string[]): void {
  const promised = finite(video.nb_frames);
  const whole = options.start === undefined && options.duration === undefined;
  if (options.salvage || !whole || promised === undefined || frames >= promised || log.length === 0) return;
  const message = `${url} promises ${promised} frames, but only ${frames} could be decoded. ffmpeg said: ${log.slice(-2).join(' | ')}. Give --salvage to keep what there is.`;
  throw new SrvidError('SRVID_INPUT_DAMAGED', message, { promised, frames });
}

/** A warning about a line that ffmpeg printed while it decoded. */
export function decodingSaid(line: string): string {
  return `While decoding, ffmpeg said: ${line}`;
}

/** A warning where the shape of pixels changes in mid-stream; undefined where it does not. `other` is the second shape that was found. */
export function shapeChange({ info }: Source, other: string | undefined): string | undefined {
  if (other === undefined) return undefined;
  const first = info.sampleAspect ? formatRational(info.sampleAspect, ':') : '1:1';
  return `The shape of pixels changes in mid-stream: ${first} and ${other} were found. The output has ${first}, so pictures of the other are stretched. Cut the file there to keep both.`;
}
