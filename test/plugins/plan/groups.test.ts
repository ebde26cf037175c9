import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlainFormat } from '../../../dist/pipeline/frames/frame.js';
import { describePlan, outputSize, planChain } from '../../../dist/plugins/plan/groups.js';
import { planned } from '../../helpers/plugins.js';

const source: PlainFormat = { kind: 'yuv420p', width: 8, height: 6 };
const plain = planned({ name: 'plain' });
const luma = planned({ name: 'luma', planes: 'y' });
const lumaX2 = planned({ name: 'luma-x2', planes: 'y', scale: 2 });
const yuvX2 = planned({ name: 'yuv-x2', scale: 2 });
const rgb = planned({ name: 'rgb', planes: 'rgb' });
const rgbX2 = planned({ name: 'rgb-x2', planes: 'rgb', scale: 2 });
const ordered = planned({ name: 'ordered', state: 'ordered' });
const window = planned({ name: 'window', window: { past: 1, future: 2 } });
const global = planned({ name: 'global', halo: 'global' });
const namesOf = (chain: Parameters<typeof planChain>[1]) =>
  planChain(source, chain).map((group) => group.steps.map((step) => step.loaded.plugin.name).join('+'));

test.each([
  [[plain], ['plain']],
  [[plain, luma, rgb], ['plain+luma+rgb']],
  [
    [plain, ordered, luma],
    ['plain', 'ordered', 'luma'],
  ],
  [
    [ordered, ordered],
    ['ordered', 'ordered'],
  ],
  [
    [plain, window, luma],
    ['plain', 'window+luma'],
  ],
  [
    [window, window],
    ['window', 'window'],
  ],
  [
    [ordered, window],
    ['ordered', 'window'],
  ],
])('neighbouring stateless plugins become one task, ordered ones and windows begin another (%#)', (chain, groups) => {
  expect(namesOf(chain)).toEqual(groups);
});

test('a group has the window of its first plugin, and only an ordered one is ordered', () => {
  const groups = planChain(source, [plain, window, luma, ordered]);
  expect(groups.map((group) => group.window)).toEqual([
    { past: 0, future: 0 },
    { past: 1, future: 2 },
    { past: 0, future: 0 },
  ]);
  expect(groups.map((group) => group.ordered)).toEqual([false, false, true]);
});

test('results are reused only where a result follows from the frame alone', () => {
  const reusable = (chain: Parameters<typeof planChain>[1]) => planChain(source, chain).map((group) => group.reusable);
  expect(reusable([plain, lumaX2])).toEqual([true]);
  expect(reusable([plain, global])).toEqual([false]);
  expect(reusable([window])).toEqual([false]);
  expect(reusable([ordered, plain])).toEqual([false, true]);
});

test('a luma plugin that enlarges makes a split frame with the source’s chroma, and it stays split to the end', () => {
  const split = { kind: 'split', width: 16, height: 12, small: source };
  expect(planChain(source, [lumaX2]).at(-1)?.output).toEqual(split);
  expect(planChain(source, [plain, lumaX2, luma]).at(-1)?.output).toEqual(split);
  expect(planChain(source, [lumaX2, lumaX2]).at(-1)?.output).toEqual({ ...split, width: 32, height: 24 });
});

test('a split frame is completed for a plugin that reads chroma', () => {
  const [group] = planChain(source, [lumaX2, plain]);
  const whole = { kind: 'yuv420p', width: 16, height: 12 };
  expect(group?.steps[1]).toMatchObject({ arrives: { kind: 'split' }, reads: whole, gives: whole });
  expect(group?.output).toEqual(whole);
});

test('gray frames stay gray, whatever scales them', () => {
  expect(planChain({ ...source, kind: 'gray' }, [lumaX2]).at(-1)?.output).toEqual({ kind: 'gray', width: 16, height: 12 });
});

test.each(['yuv420p', 'yuv422p', 'yuv444p', 'gray'] as const)('after an RGB plugin a %s stream goes on as what it was', (kind) => {
  expect(planChain({ ...source, kind }, [rgb]).at(-1)?.output).toEqual({ ...source, kind });
  expect(planChain({ ...source, kind }, [rgbX2]).at(-1)?.output).toEqual({ kind, width: 16, height: 12 });
});

test('between RGB plugins frames stay RGB', () => {
  const [group] = planChain(source, [rgb, rgbX2]);
  expect(group?.steps[1]).toMatchObject({ arrives: { kind: 'rgb24' }, reads: { kind: 'rgb24' } });
});

test('any chain fits together: each step is given what the one before gives, and the end can be encoded', () => {
  const any = fc.constantFrom(plain, luma, lumaX2, yuvX2, rgb, rgbX2, ordered, window, global);
  const kind = fc.constantFrom('yuv420p' as const, 'yuv422p' as const, 'yuv444p' as const, 'gray' as const);
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), kind, (chain, sourceKind) => {
      const groups = planChain({ ...source, kind: sourceKind }, chain);
      const steps = groups.flatMap((group) => group.steps);
      expect(steps.map((step) => step.loaded)).toEqual(chain);
      expect(steps[0]?.arrives).toEqual({ ...source, kind: sourceKind });
      for (const [index, step] of steps.entries()) {
        if (index > 0) expect(step.arrives).toEqual(steps[index - 1]?.gives);
        expect([step.reads.width, step.reads.height]).toEqual([step.arrives.width, step.arrives.height]);
        if (step.loaded.plugin.planes === 'rgb') expect(step.reads.kind).toBe('rgb24');
        if (step.loaded.plugin.planes === 'yuv') expect(step.reads.kind).toMatch(/^yuv|gray/);
      }
      for (const [index, group] of groups.entries()) {
        expect(group.input).toEqual(group.steps[0]?.arrives);
        if (index > 0) expect(groups[index - 1]?.output).toEqual(group.input);
      }
      const end = groups.at(-1)?.output;
      expect(end?.kind).not.toBe('rgb24');
      // The encoder must get the kind of frame that came, or a viewer that plays the source would not play the result.
      expect(end?.kind === 'split' ? end.small.kind : end?.kind).toBe(sourceKind);
    }),
    { numRuns: 500 },
  );
});

test.each([
  [2, { width: 16, height: 12 }],
  [1.5, { width: 12, height: 9 }],
  [0.01, { width: 1, height: 1 }],
  [undefined, { width: 8, height: 6 }],
  [() => ({ width: 5, height: 4 }), { width: 5, height: 4 }],
  [(_: unknown, size: { width: number }) => size.width / 2, { width: 32, height: 24 }],
])('a scale of %s gives the size it says (%#)', (scale, size) => {
  expect(outputSize(planned(scale === undefined ? {} : { scale }), source)).toEqual(size);
});

test('the plan in words names every plugin with what it reads and gives', () => {
  const text = describePlan(planChain(source, [plain, lumaX2, ordered])).join('\n');
  expect(text).toContain('luma-x2: 8x6 yuv420p -> 16x12 luma + 8x6 yuv420p');
  expect(text).toContain('group 2: one thread, in order');
});
