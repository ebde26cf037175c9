import type { StatsMessage } from '../delivery/protocol.js';

/** The fields of `stats` that are counted from one message to the next. */
export type Rates = Pick<StatsMessage, 'fps' | 'perSecond' | 'superResolved'>;

/** Frames of one level so far. */
export interface LevelFrames {
  readonly name: string;
  readonly frames: number;
}

/** Frames a second of one run by level, and the share that a network made, since the last call. */
export class LevelRates {
  readonly #frames = new Map<string, number>();
  #dropped = 0;
  #at: number | undefined;

  /** @param networks names of the levels that run a network */
  constructor(private readonly networks: readonly string[]) {}

  /** @param levels, dropped counts since the run began. @param now milliseconds of any clock that does not go back */
  since(levels: readonly LevelFrames[], dropped: number, now: number): Rates {
    const seconds = this.#at === undefined ? undefined : (now - this.#at) / 1000;
    const rate = (count: number) => (seconds ? Number((count / seconds).toFixed(1)) : 0);
    const made = levels.map(({ name, frames }) => ({ name, frames: frames - (this.#frames.get(name) ?? 0) }));
    const left = dropped - this.#dropped;
    for (const { name, frames } of levels) this.#frames.set(name, frames);
    this.#dropped = dropped;
    this.#at = now;
    const written = sum(made);
    const byNetworks = sum(made.filter(({ name }) => this.networks.includes(name)));
    return {
      fps: rate(written),
      perSecond: { levels: Object.fromEntries(made.map(({ name, frames }) => [name, rate(frames)])), dropped: rate(left) },
      superResolved: written + left === 0 ? null : Number((byNetworks / (written + left)).toFixed(3)),
    };
  }
}

function sum(levels: readonly LevelFrames[]): number {
  return levels.reduce((total, { frames }) => total + frames, 0);
}
