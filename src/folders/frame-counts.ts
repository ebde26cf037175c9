import type { SessionRequest } from '../options/requests.js';
import { parseSessionOptions } from '../options/session.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { openSource } from '../pipeline/input/open.js';
import { framesToDo } from '../report/run.js';

/** The numbers of frames in files, found out by looking at them, one after the other, while others are processed. */
export class FrameCounts {
  /** Counts by path. Undefined where a file does not say it; 0 where it cannot be read, since nothing will come of it. */
  readonly #counts = new Map<string, number | undefined>();
  #stopped = false;

  /** Begins at once. `requests` are those of the files, in the order in which they will be processed. */
  constructor(requests: readonly SessionRequest[]) {
    this.#count(requests).catch(() => {}); // Without a total there is no time left to tell.
  }

  /** The frames of a file that was looked at. */
  of(input: string): number | undefined {
    return this.#counts.get(input);
  }

  /** Looks at no further file. The one that is looked at is not waited for: it may lie on a disk that does not answer. */
  stop(): void {
    this.#stopped = true;
  }

  async #count(requests: readonly SessionRequest[]): Promise<void> {
    const binary = await findFfmpeg();
    for (const request of requests) {
      if (this.#stopped) return;
      const options = parseSessionOptions(request);
      const frames = await openSource(binary, options).then(
        ({ source }) => framesToDo(options, source),
        () => 0,
      );
      this.#counts.set(request.input, frames);
    }
  }
}
