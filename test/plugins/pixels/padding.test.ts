import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignedUp, copyCropped, copyPadded, type Planes } from '../../../dist/plugins/pixels/padding.js';

const shapes = fc.record({
  count: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 9 }),
  height: fc.integer({ min: 1, max: 9 }),
  align: fc.integer({ min: 1, max: 4 }),
});

const at = ({ data, width, height }: Planes, plane: number, y: number, x: number) => data[(plane * height + y) * width + x];

test('a padded picture repeats its edge, and cropping takes away just that', () => {
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.integer({ min: 0, max: 255 })), ({ count, width, height, align }, bytes) => {
      const picture: Planes = { data: Uint8Array.from(bytes.take(count * width * height)), width, height };
      const [wide, high] = [alignedUp(width, align), alignedUp(height, align)];
      expect([wide % align, high % align, wide - width < align, high - height < align]).toEqual([0, 0, true, true]);

      const padded: Planes = { data: new Uint8Array(count * wide * high), width: wide, height: high };
      copyPadded(picture, padded);
      for (let plane = 0; plane < count; plane++) {
        for (let y = 0; y < high; y++) {
          for (let x = 0; x < wide; x++) expect(at(padded, plane, y, x)).toBe(at(picture, plane, Math.min(y, height - 1), Math.min(x, width - 1)));
        }
      }

      const cropped: Planes = { ...picture, data: new Uint8Array(picture.data.length) };
      copyCropped(padded, cropped);
      expect(cropped.data).toEqual(picture.data);
    }),
  );
});
