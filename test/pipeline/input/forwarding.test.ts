import { expect, test } from 'vitest';
import { holding } from '../../../dist/pipeline/input/forwarding.js';

const packet = (pts: number) => ({ stream: 0, pts, data: new Uint8Array(10) });

test('the reader goes on while no more than the limit is held, and waits beyond it', async () => {
  const taken: number[] = [];
  const take: (() => void)[] = [];
  const forward = holding(({ pts }) => {
    taken.push(pts);
    return new Promise((resolve) => take.push(resolve));
  }, 25);
  await forward(packet(1));
  await forward(packet(2));
  let waited = true;
  const third = forward(packet(3)).then(() => {
    waited = false;
  });
  await new Promise(setImmediate);
  expect(waited).toBe(true);
  expect(taken).toEqual([1, 2, 3]);
  for (const done of take) done();
  await third;
  await forward(packet(4));
});

test('a failure is told at the next packet', async () => {
  const forward = holding(async () => {
    throw new Error('the encoder ended');
  }, 1000);
  await forward(packet(1));
  await new Promise(setImmediate);
  await expect(forward(packet(2))).rejects.toThrow('the encoder ended');
});
