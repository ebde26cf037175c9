import type { Outcome } from './outcome.js';

/** Counts of frames that came and went, kept while frames flow. */
export interface FrameFlow {
  framesIn: number;
  framesOut: number;
  readonly outcomes: Record<Outcome, number>;
}

/** All counts at 0. */
export function emptyFlow(): FrameFlow {
  return { framesIn: 0, framesOut: 0, outcomes: { sr: 0, reused: 0, bypassed: 0, dropped: 0 } };
}
