import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPictures } from '../../dist/doctor/pictures.js';
import { croppedPicture, readPicture } from '../../dist/eval/picture-file.js';
import { findFfmpeg } from '../../dist/pipeline/ffmpeg/binary.js';
import { failureOf } from '../helpers/errors.js';
import { temporaryFolder } from '../helpers/media.js';

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

test('a pipe or a device in place of a picture is refused without waiting', async () => {
  const fifo = join(await temporaryFolder(), 'picture.png');
  execFileSync('mkfifo', [fifo]);
  const binary = await findFfmpeg();
  for (const path of [fifo, '/dev/zero']) {
    const error = await failureOf(() => readPicture(binary, path, 60_000));
    expect(error).toMatchObject({ code: 'SRVID_INPUT_UNREADABLE', message: expect.stringMatching(/a device, a pipe or a socket/) });
    expect((await failureOf(() => loadPictures(path, undefined))).code).toBe('SRVID_INPUT_NOT_FOUND');
  }
});
