import { randomFrom } from './random.js';

/** Noise that is added to pictures: the standard deviation of Gaussian noise, in levels of 0 to 255, or 'poisson'. */
export type Noise = number | 'poisson';

/** Variance of 'poisson' in the dark, levels²; each level of light adds one more. */
const READ_VARIANCE = 64;

/**
 * Adds noise to all 8-bit samples of a frame, rounded and cut off at 0 and 255. 'poisson' is the noise of a sensor, whose
 * variance is 64 levels² plus the level, drawn as a normal number. The same seed gives the same noise.
 */
export function addNoise(bytes: Uint8Array, noise: Noise, seed: number): void {
  const normal = normalFrom(seed);
  for (let at = 0; at < bytes.length; at++) {
    const level = bytes[at] as number;
    const deviation = noise === 'poisson' ? Math.sqrt(READ_VARIANCE + level) : noise;
    bytes[at] = Math.min(Math.max(Math.round(level + deviation * normal()), 0), 255);
  }
}

/** Normal numbers of mean 0 and deviation 1, by the polar method (Marsaglia and Bray 1964, doi 10.1137/1006063). */
function normalFrom(seed: number): () => number {
  const random = randomFrom(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const kept = spare;
      spare = undefined;
      return kept;
    }
    for (;;) {
      const [x, y] = [2 * random() - 1, 2 * random() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
}
