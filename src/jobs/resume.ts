import type { SessionOptions } from '../options/session.js';
import type { Summary } from '../report/events.js';
import type { PreparedRun } from '../report/run.js';
import { LongRun, type SegmentHooks } from './long-run.js';
import { whyOnePiece } from './segments.js';

/** Inputs that last longer than this many seconds are worked on in segments unasked. */
export const LONG_SECONDS = 600;

/**
 * Runs a planned session in segments, where it is long enough or this was asked for, and where it can be cut.
 * @returns undefined where it is to be run in one piece
 * @throws SRVID_JOB_DIFFERS, SRVID_JOB_DAMAGED, and the errors of a session
 */
export async function runInSegments(prepared: PreparedRun, hooks: SegmentHooks): Promise<Summary | undefined> {
  const { options, levels } = prepared;
  const wish = wishOf(options, lastsSeconds(prepared), hooks);
  if (wish === 'no') return undefined;
  const range = { start: options.start, duration: options.duration };
  const request = { ...prepared, range, isRealtime: levels !== undefined, output: options.output };
  const onePiece = (why: string) => {
    if (wish === 'asked') hooks.onEvent?.({ v: 1, type: 'warning', message: `The video is processed in one piece, which cannot be gone on with: ${why}.` });
    return undefined;
  };
  const why = whyOnePiece(request);
  if (why !== undefined) return onePiece(why);
  const run = new LongRun(prepared, hooks);
  try {
    const unfit = await run.open();
    return unfit === undefined ? await run.go() : onePiece(unfit);
  } finally {
    await run.close();
  }
}

/** True where a run of these options would be made in segments unless something speaks against it. */
function wishOf({ resume, segment }: SessionOptions, seconds: number, { scheduler }: SegmentHooks): 'asked' | 'long' | 'no' {
  if (resume === true || segment !== undefined || scheduler) return resume === false && !scheduler ? 'no' : 'asked';
  return resume !== false && seconds > LONG_SECONDS ? 'long' : 'no';
}

function lastsSeconds({ options, opened }: PreparedRun): number {
  const whole = opened.source.probe.durationSeconds ?? 0;
  return Math.min(whole - (options.start ?? 0), options.duration ?? whole);
}
