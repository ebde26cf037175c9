import { describe, expect, it } from 'vitest';
import { planDegradation } from '../../dist/eval/degradation.js';
import { blurKernel, halvedKernel } from '../../dist/eval/kernel.js';
import { blur } from '../../dist/options/blur.js';
import { frameBytes, type PlainFormat, type Plane, planesOf } from '../../dist/pipeline/frames/frame.js';

const FORMAT: PlainFormat = { kind: 'yuv420p', width: 80, height: 64 };
const KERNELS = [
  ['gaussian:1.2', [0.11052, 0.0781, 0.0781, 0.00121, 0.00121], [0.32192, 0.11782, 0.04312, 0.04312]],
  ['motion:9:45', [0.10421, 0.02607, 0.02607, 0.02605, 0], [0.20845, 0.05211, 0.20177, 0]],
  ['defocus:2', [0.07627, 0.07627, 0.07627, 0, 0], [0.30508, 0.13453, 0.0392, 0.0392]],
  ['diffraction:1.5:20', [0.09108, 0.04689, 0.04689, 0.00193, 0.00008], [0.20609, 0.04022, 0.01318, 0.01318]],
] as const;
const degrade = (frame: Uint8Array, given: string) => {
  planDegradation(FORMAT, { blur: blur.parse(given), noise: undefined })(frame, 0);
  return planesOf(FORMAT, frame) as readonly [Plane, Plane, Plane];
};

describe('a blur of an evaluation', () => {
  // The values are those of `models/training` (data/blur.py): at the middle, right of it, below it, and farther off; then halved.
  it.each(KERNELS)('%s has the kernel that networks were trained on, at full and at half size', (given, full, half) => {
    const kernel = blurKernel(blur.parse(given));
    const small = halvedKernel(kernel, [1, 1]);
    const at = ({ side, weights }: typeof kernel, x: number, y: number) => weights[((side - 1) / 2 + y) * side + (side - 1) / 2 + x] as number;
    const positions = [
      [0, 0],
      [1, 0],
      [0, 1],
      [3, 2],
      [3, -2],
    ] as const;
    for (const [index, [x, y]] of positions.entries()) expect(at(kernel, x, y)).toBeCloseTo(full[index] as number, 4);
    for (const [index, [x, y]] of (
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [1, -1],
      ] as const
    ).entries())
      expect(at(small, x, y)).toBeCloseTo(half[index] as number, 4);
    expect(kernel.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
  });

  it.each(['gaussian:2', 'motion:13:150', 'defocus:2.5', 'diffraction:2'])('%s leaves an even picture as it is, to its edges', (given) => {
    const frame = new Uint8Array(frameBytes(FORMAT)).fill(120);
    degrade(frame, given);
    expect(new Set(frame)).toEqual(new Set([120]));
  });

  it('a point of light becomes its kernel, in luma and in chroma of half the size', () => {
    const frame = new Uint8Array(frameBytes(FORMAT));
    const before = planesOf(FORMAT, frame) as readonly [Plane, Plane, Plane];
    before[0].data[30 * before[0].stride + 40] = 200;
    before[1].data[15 * before[1].stride + 20] = 200;
    const [luma, u, v] = degrade(frame, 'motion:9:45');
    const kernel = blurKernel(blur.parse('motion:9:45'));
    const small = halvedKernel(kernel, [1, 1]);
    for (const [plane, { side, weights }, x, y] of [
      [luma, kernel, 40, 30],
      [u, small, 20, 15],
    ] as const) {
      const reach = (side - 1) / 2;
      for (const [index, weight] of weights.entries()) {
        // A convolution turns its kernel; these kernels are the same when turned by half.
        const at = (y + Math.floor(index / side) - reach) * plane.stride + x + (index % side) - reach;
        expect(Math.abs((plane.data[at] as number) - 200 * weight)).toBeLessThan(0.51);
      }
    }
    expect(new Set(v.data)).toEqual(new Set([0]));
  });

  it('diffraction cuts light off where it is overexposed, and leaves a halo that plain blur does not', () => {
    const lamp = () => {
      const frame = new Uint8Array(frameBytes(FORMAT)).fill(20);
      const [luma] = planesOf(FORMAT, frame) as readonly [Plane];
      for (let y = 24; y < 40; y++) luma.data.fill(255, y * luma.stride + 32, y * luma.stride + 48);
      return frame;
    };
    const [halo] = degrade(lamp(), 'diffraction:2:20');
    expect(Math.max(...halo.data)).toBe(235);
    const [plain] = degrade(lamp(), 'gaussian:1');
    const beside = (plane: Plane) => plane.data[32 * plane.stride + 52] as number;
    expect(beside(halo)).toBeGreaterThan(beside(plain) + 10);
  });
});

describe('a blur as text', () => {
  it.each(['sharp', 'gaussian:9', 'gaussian:1:45', 'motion:', 'motion:9:x', 'toString', 'defocus:0'])('%s is refused with the forms there are', (given) => {
    const result = blur.safeParse(given);
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.message).toContain('motion:N[:DEGREES] with N of 1 to 23');
  });

  it('a kind alone has its usual size', () => {
    expect(blur.parse('motion')).toEqual({ kind: 'motion', size: 9, degrees: 0 });
  });
});
