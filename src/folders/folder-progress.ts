import type { SessionRequest } from '../options/requests.js';
import type { FolderProgressEvent } from './events.js';
import { FrameCounts } from './frame-counts.js';

/** The progress over the files of a folder, in frames. Files that are skipped take no part. */
export class FolderProgress {
  readonly #counts: FrameCounts;
  readonly #startedAt = performance.now();
  /** The files that have not ended. */
  readonly #ahead: Set<string>;
  /** Frames of the files that have ended. */
  #frames = 0;

  /**
   * @param requests those of the files that are processed
   * @param files number of all files, with those that are skipped
   */
  constructor(
    requests: readonly SessionRequest[],
    private readonly files: number,
  ) {
    this.#counts = new FrameCounts(requests);
    this.#ahead = new Set(requests.map(({ input }) => input));
  }

  /** The progress while a file, the `file`-th of all, has so many frames done. */
  event(name: string, file: number, current: number): FolderProgressEvent {
    const frames = this.#frames + current;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const ahead = [...this.#ahead].map((input) => this.#counts.of(input));
    const isKnown = ahead.every((count) => count !== undefined);
    const total = isKnown ? this.#frames + ahead.reduce((sum, count) => sum + count, 0) : undefined;
    const etaSeconds = total === undefined || frames === 0 ? undefined : Math.max(0, Math.round(((total - frames) / frames) * seconds));
    return { v: 1, type: 'folder-progress', name, file, files: this.files, frames, total, fps: Number((frames / seconds).toFixed(2)), etaSeconds };
  }

  /** Tells that a file has ended, with so many frames written. */
  ended(input: string, frames: number): void {
    this.#ahead.delete(input);
    this.#frames += frames;
  }

  /** Ends the search for what is not known yet. */
  close(): void {
    this.#counts.stop();
  }
}
