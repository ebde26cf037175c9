import { SrvidError } from '../../dist/errors.js';

/** The SrvidError that `work` fails with; anything else, success included, fails the test. */
export async function failureOf(work: () => unknown): Promise<SrvidError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SrvidError) return error;
    throw error;
  }
  throw new Error('Expected a SrvidError, but nothing was thrown.');
}
