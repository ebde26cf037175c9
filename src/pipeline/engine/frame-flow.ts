import type { Outcome } from './outcome.js';

/** Counts of frames read, written, and by outcome, kept while frames flow. */
export interface FrameFlow {
  framesIn: number;
  framesOut: number;
  readonly outcomes: Record<Outcome, number>;
}

/** A flow with all counts at 0. */
export function emptyFlow(): FrameFlow {
  return { framesIn: 0, framesOut: 0, outcomes: { sr: 0, reused: 0, bypassed: 0, dropped: 0 } };
}
