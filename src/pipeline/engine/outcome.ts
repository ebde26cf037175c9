import type { ReadFrame } from './frame-reader.js';

/** The end of a frame: processed (`sr`), given the result of the frame that it equals, only resampled, or left out. */
export type Outcome = 'sr' | 'reused' | 'bypassed' | 'dropped';

/**
 * Reasons why a frame was not processed as wanted. 'late': no level would have had it done by its deadline. 'overload':
 * more frames waited than the queue holds. 'encoder': the encoder took nothing, so that no slot was free for a result.
 * 'worker': a worker died or hung on it. 'plugin': a plugin failed, and the policy let the frame pass without it.
 */
export const REASONS = ['late', 'overload', 'encoder', 'worker', 'plugin'] as const;
/** One of `REASONS`. */
export type Reason = (typeof REASONS)[number];

/** Arrival of a frame, and the time by which the encoder must have it, in milliseconds of the session's clock. */
export interface FrameTiming {
  readonly arrivedAt: number;
  readonly deadline: number;
}

/**
 * A frame that has come in. Its slot belongs to the ring that the decoder fills, and passes to the receiver of the
 * arrival.
 */
export interface Arrival extends FrameTiming, ReadFrame {
  /** Dense, from 0, in the order of reading. */
  readonly sequence: number;
}

/** The certain end of a frame. */
export interface Ending {
  readonly arrival: Arrival;
  readonly outcome: Outcome;
  /** Set for a dropped frame, and for a bypassed one unless the bypass was asked for. */
  readonly reason?: Reason | undefined;
  /** The level of its processing; undefined for a dropped frame. */
  readonly level?: number | undefined;
  /** A slot of the ring of results; undefined for a dropped frame. `Dispatcher.handedOver` gives it back. */
  readonly slot?: number | undefined;
  /**
   * Time at which a worker took the frame; undefined where none did. `endedAt` is the time at which its end was
   * certain.
   */
  readonly startedAt?: number | undefined;
  readonly endedAt: number;
}
