import type { ErrorMessage } from './messages.js';

/** What a player has to say about itself at this moment. */
export interface PlayerReport {
  /** From the moment a frame came in at the relay to now, where it is shown, in milliseconds; undefined until that is known. */
  readonly latencyMs: number | undefined;
  /** What lies ready ahead of what is shown. */
  readonly bufferedSeconds: number;
  readonly playbackRate: number;
  /** How often the picture stood still for want of fragments, and for how long in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** Frames that the browser decoded, and those of them that it had no time to show. */
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** Fragments left out here because nobody watched or nothing could take them. */
  readonly skippedFragments: number;
}

export interface PlayerEvents {
  /** The picture moves: at first, and after each stall or pause. */
  readonly playing: undefined;
  readonly stalled: undefined;
  /** The browser plays only after a click: call `play` from one. */
  readonly blocked: undefined;
  /** It is given up. */
  readonly failed: ErrorMessage;
}
