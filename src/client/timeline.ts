/** A moment of a stream: seconds, as in the fragments of that epoch. */
export interface MediaTime {
  readonly epoch: number;
  readonly time: number;
}

interface Piece {
  readonly epoch: number;
  /** Where it begins, in the player's time. */
  readonly from: number;
  /** The player's time less the stream's. */
  readonly offset: number;
}

/** More than a player keeps of the past. */
const PIECES = 64;

/**
 * How a player's time, which goes on without holes, corresponds to the stream's, which begins anew with each epoch and leaps over
 * gaps. All in seconds.
 */
export class Timeline {
  readonly #pieces: Piece[] = [];

  /** From the player's time `from` on, the stream is shown from its `start` on. */
  splice(from: number, start: MediaTime): void {
    this.#pieces.push({ epoch: start.epoch, from, offset: from - start.time });
    if (this.#pieces.length > PIECES) this.#pieces.shift();
  }

  /** What is shown at `playback`; undefined before the first splice. */
  mediaAt(playback: number): MediaTime | undefined {
    const piece = this.#pieces.findLast(({ from }) => from <= playback + 1e-6);
    return piece && { epoch: piece.epoch, time: playback - piece.offset };
  }

  /** When `media` is shown; undefined where it is not, because it lies in a gap or in no epoch that is kept. The latest wins. */
  playbackAt(media: MediaTime): number | undefined {
    for (let index = this.#pieces.length - 1; index >= 0; index -= 1) {
      const piece = this.#pieces[index] as Piece;
      const playback = media.time + piece.offset;
      const end = this.#pieces[index + 1]?.from ?? Number.POSITIVE_INFINITY;
      if (piece.epoch === media.epoch && playback >= piece.from - 1e-6 && playback < end) return playback;
    }
    return undefined;
  }
}
