/** A moment of a stream. `time`: seconds, as in the fragments of that epoch. */
export interface MediaTime {
  readonly epoch: number;
  readonly time: number;
}

interface Piece {
  readonly epoch: number;
  /** Start of the piece, in the player's time. */
  readonly from: number;
  /** The player's time minus the stream's. */
  readonly offset: number;
}

/** Number of pieces that are kept: more than a player buffers of the past. */
const PIECES = 64;

/**
 * Maps a player's time to a stream's and back. The player's time has no holes. The stream's restarts with each epoch and
 * jumps over gaps. All in seconds.
 */
export class Timeline {
  readonly #pieces: Piece[] = [];

  /** Adds a piece: from the player's time `from` on, the stream plays from `start`. */
  splice(from: number, start: MediaTime): void {
    this.#pieces.push({ epoch: start.epoch, from, offset: from - start.time });
    if (this.#pieces.length > PIECES) this.#pieces.shift();
  }

  /** The moment that is shown at `playback`. Undefined before the first piece. */
  mediaAt(playback: number): MediaTime | undefined {
    const piece = this.#pieces.findLast(({ from }) => from <= playback + 1e-6);
    return piece && { epoch: piece.epoch, time: playback - piece.offset };
  }

  /** The player's time at which `media` is shown. Undefined if it is in a gap, or in an epoch that is not kept. The latest piece wins. */
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
