import { expect, test } from 'vitest';
import { advanceTimecode } from '../../../dist/pipeline/frames/timecode.js';

const NTSC = { num: 30000, den: 1001 };

test.each([
  ['01:00:00:00', 25, { num: 25, den: 1 }, '01:00:01:00'],
  ['00:00:59;29', 1, NTSC, '00:01:00;02'],
  ['00:09:59;29', 1, NTSC, '00:10:00;00'],
  ['00:00:59.29', 1, NTSC, '00:01:00.02'],
  ['00:00:59:29', 1, NTSC, '00:01:00:00'],
  ['00:00:59;59', 1, { num: 60000, den: 1001 }, '00:01:00;04'],
  ['00:00:00;00', 17_982, NTSC, '00:10:00;00'],
  ['23:59:59:23', 1, { num: 24000, den: 1001 }, '00:00:00:00'],
  ['10:11:12;13', 0, NTSC, '10:11:12;13'],
])('%s and %i frames at %j is %s', (timecode, frames, rate, expected) => {
  expect(advanceTimecode(timecode, frames, rate)).toBe(expected);
});

test('a text that is no timecode has none after it', () => {
  for (const text of ['', 'soon', '1:2:3:4', '00:99:00:00']) expect(advanceTimecode(text, 1, NTSC)).toBeUndefined();
});
