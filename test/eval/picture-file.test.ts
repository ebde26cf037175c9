import { expect, test } from 'vitest';
import { croppedPicture } from '../../dist/eval/picture-file.js';

/** Each pixel holds its column, its row, and 7. */
function coordinates(width: number, height: number) {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => [(at / 3) % width, at / 3 / width, 7][at % 3] as number) };
}

test('a part of a picture has the pixels of that part', () => {
  const { width, height, data } = croppedPicture(coordinates(9, 6), { width: 3, height: 2 }, 4, 1);
  expect([width, height]).toEqual([3, 2]);
  expect([...data]).toEqual([4, 1, 7, 5, 1, 7, 6, 1, 7, 4, 2, 7, 5, 2, 7, 6, 2, 7]);
});

test('without a place it is the top left', () => {
  expect([...croppedPicture(coordinates(3, 3), { width: 2, height: 2 }).data]).toEqual([0, 0, 7, 1, 0, 7, 0, 1, 7, 1, 1, 7]);
});
