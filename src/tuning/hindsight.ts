import type { Size } from '../plugins/contract.js';
import { TEST_FRAME } from './candidate-time.js';
import type { Execution } from './execution.js';
import type { MeasurementCache } from './measurements.js';

/** Fewer frames say nothing. */
const LEAST_FRAMES = 50;
/** On smaller frames the overhead around a network counts, which a measurement has less of. */
const LEAST_PIXELS = (TEST_FRAME.width * TEST_FRAME.height) / 2;
/** Below, workers waited for other stages, and a frame that is alone on the machine is fast. */
const LEAST_UTILISATION = 0.7;
/** The encoder has its share of the cores in a run and not in a measurement, so a run may be slower, and never faster. */
const FASTER = 0.75;
const SLOWER = 2.5;
/** The most times that one choice is looked at again. */
const MOST_LOOKS = 2;

/** A run's own figures about its networks. */
export interface NetworkFigures {
  readonly frames: number;
  /** Milliseconds of work for a frame, in one worker. */
  readonly msPerFrame: number;
  /** Share of the workers' time, 0 to 1. */
  readonly utilisation: number;
  /** Size of the frames that the first network reads. */
  readonly size: Size;
}

/**
 * Compares a run with the measurement by which its settings were chosen. If they contradict each other, something has
 * disturbed the measurement, which is forgotten, so that the next run makes it again. True in that case.
 */
export async function lookBack({ basis, workers }: Execution, figures: NetworkFigures, cache: MeasurementCache): Promise<boolean> {
  const [key] = basis?.keys ?? [];
  const { frames, msPerFrame, utilisation, size } = figures;
  const pixels = size.width * size.height;
  if (!basis || key === undefined || frames < LEAST_FRAMES || pixels < LEAST_PIXELS || utilisation < LEAST_UTILISATION) return false;
  const testFrameMs = ((msPerFrame / workers) * TEST_FRAME.width * TEST_FRAME.height) / pixels;
  const ratio = testFrameMs / basis.ms;
  if (ratio >= FASTER && ratio <= SLOWER) return false;
  const looks = `looked again, ${key}`;
  const before = (await cache.get(looks)) ?? 0;
  if (before >= MOST_LOOKS) return false;
  await cache.forget(basis.keys);
  await cache.set({ [looks]: before + 1 });
  return true;
}
