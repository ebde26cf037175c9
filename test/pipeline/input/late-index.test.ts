import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasLateIndex } from '../../../dist/pipeline/input/late-index.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();

async function written(name: string, ...options: string[]): Promise<Buffer> {
  const path = join(folder, name);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=32x32:r=25:d=0.4', '-pix_fmt', 'yuv420p', ...options, path);
  return readFile(path);
}

test.each<[string, boolean, string, ...string[]]>([
  ['an MP4 as ffmpeg writes it', true, 'plain.mp4'],
  ['a QuickTime file as ffmpeg writes it', true, 'plain.mov'],
  ['an MP4 for streaming', false, 'fast.mp4', '-movflags', '+faststart'],
  ['a fragmented MP4', false, 'fragmented.mp4', '-movflags', '+frag_keyframe+empty_moov'],
  ['Matroska', false, 'other.mkv'],
  ['a transport stream', false, 'other.ts'],
])('%s has its index after its pictures: %s', async (_, late, name, ...options) => {
  const bytes = await written(name, ...options);
  expect(hasLateIndex(bytes)).toBe(late);
  // The pictures' box is seen by its head, however little of it has come.
  const at = bytes.indexOf('mdat');
  if (late) expect([hasLateIndex(bytes.subarray(0, at + 4)), hasLateIndex(bytes.subarray(0, at + 3))]).toEqual([true, false]);
});

test('whatever the bytes are, it comes to an end', () => {
  const box = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.constantFrom('ftyp', 'free', 'wide', 'moov', 'mdat', 'xxxx'));
  fc.assert(
    fc.property(fc.array(box, { maxLength: 8 }), fc.uint8Array({ maxLength: 64 }), (boxes, rest) => {
      const heads = boxes.map(([size, type]) => Buffer.concat([Buffer.from([0, 0, 0, size]), Buffer.from(type)]));
      expect(typeof hasLateIndex(Buffer.concat([...heads, rest]))).toBe('boolean');
    }),
  );
});
