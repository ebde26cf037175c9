import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** The end of a measurement with such words, which must not begin. */
const refused = (...words: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, ['bench/main.mjs', ...words], { encoding: 'utf8', timeout: 60_000 });
  return { status, error: stderr.split('\n').find((line) => /^\w*Error/.test(line)) };
};

test('a measurement is refused where an option takes a number and is given none', () => {
  for (const words of ['two', '', '3s']) {
    expect(refused('ops', '--rounds', words)).toEqual({ status: 1, error: `Error: --rounds ${words} is no number. Write it in digits: --rounds 3` });
  }
});

test('a measurement is refused where it does not know an option, or takes no files', () => {
  expect(refused('ops', '--round', '3')).toMatchObject({ status: 1, error: expect.stringContaining("Unknown option '--round'") });
  expect(refused('ops', 'clip.mp4')).toMatchObject({ status: 1, error: expect.stringContaining('clip.mp4') });
});
