import { expect, test } from 'vitest';
import { CASES, isRight, stopOnce, WAYS } from '../../bench/stopped.mjs';
import { temporaryFolder } from '../helpers/media.js';

/** `npm run accept:ends` stops each of them at many moments, and looks at the time that it takes. */
const LATEST_MS = 4000;
const root = await temporaryFolder();

test.each(Object.keys(CASES).flatMap((name) => Object.keys(WAYS).map((way) => ({ name, way }))))(
  '$name, stopped by $way at any moment, ends with the right code and leaves no file and no process',
  async ({ name, way }) => {
    const afterMs = Math.random() * LATEST_MS;
    const end = await stopOnce(root, name, way, afterMs);
    expect(isRight(name, end), `after ${afterMs.toFixed(0)} ms: ${JSON.stringify(end)}`).toBe(true);
  },
);
