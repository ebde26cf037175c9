import type { ReadFrame } from './frame-reader.js';

/** What can become of a frame: processed, given the result of the frame it equals, merely resampled, or left out. */
export type Outcome = 'sr' | 'reused' | 'bypassed' | 'dropped';

/**
 * Why a frame was not processed as wanted. 'late': no level would have had it done by its deadline. 'overload': more
 * frames waited than the queue holds. 'encoder': the encoder took nothing, so that there was nowhere to put a result.
 * 'worker': a worker died or hung on it.
 */
export const REASONS = ['late', 'overload', 'encoder', 'worker'] as const;
export type Reason = (typeof REASONS)[number];

/** When a frame came and by when it must be with the encoder, in milliseconds of the session's clock. */
export interface FrameTiming {
  readonly arrivedAt: number;
  readonly deadline: number;
}

/** A frame that came in; its slot, of the ring that the decoder fills, belongs to whoever takes the arrival. */
export interface Arrival extends FrameTiming, ReadFrame {
  /** Dense, from 0, in the order of reading. */
  readonly sequence: number;
}

/** A frame whose outcome is certain. */
export interface Ending {
  readonly arrival: Arrival;
  readonly outcome: Outcome;
  /** Set unless the outcome is `sr` or `reused`. */
  readonly reason?: Reason | undefined;
  /** At which it was processed; undefined for dropped ones. */
  readonly level?: number | undefined;
  /** Of the ring of results; undefined for dropped ones. Given back by `Dispatcher.handedOver`. */
  readonly slot?: number | undefined;
  /** When a worker took it up and when it was done; undefined where none did. */
  readonly startedAt?: number | undefined;
  readonly endedAt: number;
}
