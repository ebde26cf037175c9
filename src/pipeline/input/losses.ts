import { type ErrorCode, SrvidError } from '../../errors.js';

/** Refuses what would be lost on the way in or out. @throws the error of this code where there is anything */
export function refuseLosses(losses: readonly string[], code: ErrorCode): void {
  if (losses.length === 0) return;
  throw new SrvidError(code, `Something would be lost, and --strict was given: ${losses.join(' ')} Leave --strict out to go on.`, { losses });
}
