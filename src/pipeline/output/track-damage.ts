import { SrvidError } from '../../errors.js';
import type { CarriedAlong } from './carried-stream.js';

/** Messages about packets of the streams that are carried along. Frames cannot cause them: those were never coded. */
const DAMAGE =
  /Error applying bitstream filters|Error while decoding stream|Error submitting packet to decoder|Decoding error|Decode error rate|Invalid data found/;

/** The lines of an encoder's log about damage in the streams that are carried along. */
export function damageIn(log: readonly string[]): readonly string[] {
  return log.filter((line) => DAMAGE.test(line));
}

/** SRVID_INPUT_DAMAGED for an end of ffmpeg that a damaged track caused; any other error stays as it is. */
export function explained(
  error: unknown,
  log: readonly string[],
  { carry, salvage = false }: { readonly carry: CarriedAlong; readonly salvage?: boolean },
): unknown {
  const said = damageIn(log);
  if (said.length === 0 || carry.from === 'nothing' || carry.streams.length === 0) return error;
  const advice = salvage ? 'Leave it out by --tracks; "none" leaves out all.' : 'Give --salvage to keep what there is, or leave it out by --tracks.';
  const message = `A track beside the video is damaged, and ffmpeg cannot carry it along: ${said.slice(-2).join(' | ')}. ${advice}`;
  return new SrvidError('SRVID_INPUT_DAMAGED', message, { log: said }, error);
}
