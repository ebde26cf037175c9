import { systemClock, waitUntil } from '../../pipeline/frames/clock.js';

/** Milliseconds that a frame may come late before the pace begins anew with it. */
const PARDONED_MS = 250;
/** The longest wait for a frame. Times that jump further ahead are a break in the source. */
const LONGEST_MS = 60_000;

/**
 * The pace of a source that can be read faster than its frames are shown, such as a file. The first frame that somebody
 * takes starts its clock, so no frame is late because its taker was not ready. Where frames come late all the same, they
 * are shown later; nothing is made up for in a hurry.
 */
export class Pace {
  #start: { readonly seconds: number; readonly at: number } | undefined;

  /** Waits until the frame with this time is due. Ends early where `signal` is aborted. */
  async waitFor(seconds: number, signal: AbortSignal): Promise<void> {
    const now = performance.now();
    const due = this.#start ? this.#start.at + (seconds - this.#start.seconds) * 1000 : now;
    const isBreak = !this.#start || now - due > PARDONED_MS || due - now > LONGEST_MS;
    if (isBreak) this.#start = { seconds, at: now };
    else await waitUntil(systemClock, due, signal);
  }
}
