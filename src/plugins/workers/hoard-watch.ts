import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that a thread may come to hold in buffers beside those that it held after its first frames. */
const ALLOWED_BYTES = 1 << 30;
/** Frames after which a plugin and the networks of its thread have allocated what they need. */
const SETTLED = 2;

/**
 * Finds threads whose buffers grow without end: plugins that keep frames. The limit of a worker's heap does not see
 * them, since buffers lie outside of it.
 */
export class HoardWatch {
  #frames = 0;
  #settled = 0;

  /** To be called after each frame. @returns the megabytes of buffers that the thread holds, where they are too many */
  excess(): number | undefined {
    const held = getHeapStatistics().external_memory;
    if (++this.#frames <= SETTLED) this.#settled = held;
    if (held - this.#settled <= ALLOWED_BYTES) return undefined;
    collect();
    const kept = getHeapStatistics().external_memory;
    return kept - this.#settled > ALLOWED_BYTES ? Math.round(kept / 1e6) : undefined;
  }
}

/** Collects garbage: what nobody holds is not to be counted. */
function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
