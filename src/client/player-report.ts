import type { ErrorMessage } from './messages.js';

/** Figures of a player at this moment. */
export interface PlayerReport {
  /** Milliseconds from a frame's arrival at the relay to its display. Undefined until it is known. */
  readonly latencyMs: number | undefined;
  /** Seconds that are buffered ahead of the playback position. */
  readonly bufferedSeconds: number;
  readonly playbackRate: number;
  /** `stalls`: how often playback stopped for lack of fragments. `stalledMs`: for how long in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** `decodedFrames`: frames that the browser decoded. `droppedFrames`: those of them that it could not show in time. */
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Fragments that the player skipped because nobody watched, or the buffer was full. */
  readonly skippedFragments: number;
}

/** The events of a player, and the value that the listeners of each get. */
export interface PlayerEvents {
  /** The video plays: at the start, and after each stall or pause. */
  readonly playing: undefined;
  /** The buffer ran empty and the video stopped. */
  readonly stalled: undefined;
  /** The browser plays only after a click. Call `play` from a click handler. */
  readonly blocked: undefined;
  /** The player has given up. */
  readonly failed: ErrorMessage;
}
