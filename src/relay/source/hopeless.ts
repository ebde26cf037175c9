import { ERROR_CODES, SrvidError } from '../../errors.js';
import type { LiveInput } from '../../pipeline/input/live-input.js';

/** ffmpeg's words for what it lacks: a protocol, a demuxer, a device or an option that another try does not bring. */
const LACKING = /Protocol not found|Unknown input format|Unrecognized option|Option \S+ not found/;

/**
 * True if opening a source again would fail again: a file that is no video, standard input, which cannot be read twice,
 * an option that does not suit the source, or something that this ffmpeg lacks. A source that worked once may do so again.
 */
export function isHopeless(error: unknown, { from, file }: Pick<LiveInput, 'from' | 'file'>, hasWorked: boolean): boolean {
  if (from === 'push') return false; // The next pusher may do better.
  if (from === 'standard input') return true;
  if (hasWorked) return false;
  if (file !== undefined) return true;
  return error instanceof SrvidError && (ERROR_CODES[error.code].exit === 2 || LACKING.test(error.message));
}
