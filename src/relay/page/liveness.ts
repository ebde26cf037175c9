import type { MediaSourcePlayer } from '../../client/player.js';
import { element } from './element.js';
import { secondsText } from './words.js';

/** Milliseconds of delay from which on a picture is not called live. */
const LIVE_WITHIN_MS = 2_500;
/** Milliseconds of delay that neither the relay nor the buffer here explains, from which on the connection is the cause. */
const HELD_UP_MS = 1_500;
/** Milliseconds within which a relay that keeps up has encoded a frame. */
const BUSY_MS = 1_500;
/** Milliseconds for which a gap or stalls count. */
const LATELY_MS = 12_000;
const STALLS = 2;
/** Pictures that a browser must have left out in that time to be the cause. */
const LEFT_OUT = 10;

/** The liveness of the picture: a word for the lamp, and a hint over the picture if there is something to say. */
export interface Liveness {
  readonly lamp: 'live' | 'behind' | 'paused';
  readonly word: string;
  readonly hint?: string;
  /** True if going live would change something. */
  readonly late: boolean;
}

/** Tells how far behind the live picture the player is, and why. */
export class LivenessWatch {
  readonly #pill = element('pill', HTMLElement);
  readonly #text = element('pill-text', HTMLElement);
  readonly #button = element('go-live', HTMLButtonElement);
  readonly #gaps: number[] = [];
  readonly #stalls: number[] = [];
  readonly #counted: { readonly at: number; readonly droppedFrames: number }[] = [];

  constructor(private readonly player: MediaSourcePlayer) {
    player.client.on('gap', ({ reason }) => {
      if (reason === 'slow') this.#gaps.push(performance.now());
    });
    player.on('stalled', () => this.#stalls.push(performance.now()));
  }

  /** Looks at the player now. */
  look(): Liveness {
    const { latencyMs, bufferedSeconds, droppedFrames } = this.player.report();
    const behind = latencyMs !== undefined && latencyMs > LIVE_WITHIN_MS ? `${secondsText(latencyMs / 1000)} behind` : undefined;
    if (this.player.paused) return { lamp: 'paused', word: 'Paused', hint: behind === undefined ? 'Paused' : `Paused, ${behind}`, late: true };
    const relayMs = this.player.client.stats?.relayMs?.p50 ?? 0;
    const heldUp = behind !== undefined && (latencyMs ?? 0) - relayMs - bufferedSeconds * 1000 > HELD_UP_MS;
    const busy = this.#leftOut(droppedFrames) > LEFT_OUT ? 'This device is too busy' : undefined;
    // Stalls of a picture that is live again may be the browser's own; they are told as a figure.
    const late =
      heldUp || this.#lately(this.#gaps) > 0 || (behind !== undefined && this.#lately(this.#stalls) >= STALLS)
        ? (busy ?? 'Your connection is slow')
        : undefined;
    const slow = relayMs > BUSY_MS ? 'The relay is too busy' : late;
    if (behind === undefined) return { lamp: 'live', word: 'Live', late: false, ...(slow && { hint: slow }) };
    return { lamp: 'behind', word: behind, hint: slow ? `${behind}. ${slow}.` : behind, late: true };
  }

  /** Shows a hint over the picture, or none. */
  show({ hint, late }: Partial<Liveness>): void {
    this.#pill.hidden = hint === undefined;
    this.#button.hidden = !late;
    // Screen readers read a text again when it is set again.
    if (hint !== undefined && this.#text.textContent !== hint) this.#text.textContent = hint;
  }

  /** Pictures that the browser decoded and left out lately. */
  #leftOut(droppedFrames: number): number {
    const at = performance.now();
    this.#counted.push({ at, droppedFrames });
    while (this.#counted[0] && at - this.#counted[0].at > LATELY_MS) this.#counted.shift();
    return droppedFrames - (this.#counted[0]?.droppedFrames ?? 0);
  }

  /** Number of those times that lie in the last seconds; older ones are forgotten. */
  #lately(times: number[]): number {
    const now = performance.now();
    while (times[0] !== undefined && now - times[0] > LATELY_MS) times.shift();
    return times.length;
  }
}
