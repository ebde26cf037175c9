/** Bins of a histogram of difficulties, which are logits. Its middle is difficulty 0. */
export const DIFFICULTY_BINS = 1 << 15;
/** Bins for a difference of 1 in difficulty. */
export const BINS_PER_UNIT = 1 << 10;

/** Rounds of two-means at most, as in PCSR. */
const MOST_ROUNDS = 20;

/**
 * The difficulty above which pixels belong to the harder of two clusters: two-means on the probabilities of being hard, stretched
 * to 0..1 over the picture (PCSR's adaptive decision). Infinity where all are of one kind.
 * @param histogram number of pixels in each of `DIFFICULTY_BINS` bins
 */
export function twoMeansLimit(histogram: Int32Array): number {
  const filled = Array.from(histogram, (pixels, bin) => ({ pixels, hard: logistic((bin + 0.5 - DIFFICULTY_BINS / 2) / BINS_PER_UNIT) })).filter(
    ({ pixels }) => pixels > 0,
  );
  const [least, most] = [filled[0]?.hard ?? 0, filled.at(-1)?.hard ?? 0];
  if (least === most) return Number.POSITIVE_INFINITY;
  const meanOf = (bins: typeof filled) => bins.reduce((sum, { pixels, hard }) => sum + pixels * hard, 0) / bins.reduce((sum, { pixels }) => sum + pixels, 0);
  let limit = (least + most) / 2;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const middle = (meanOf(filled.filter(({ hard }) => hard <= limit)) + meanOf(filled.filter(({ hard }) => hard > limit))) / 2;
    if (middle === limit) break;
    limit = middle;
  }
  return Math.log(limit / (1 - limit));
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
