import { expect, test } from 'vitest';
import { plotPsnr } from '../../dist/eval/plot.js';
import type { Evaluation, Item } from '../../dist/eval/report.js';

function evaluationOf(levels: readonly (readonly [srvid: number, bicubic: number])[], preset = 'abpn'): Evaluation {
  const items = levels.map(([srvid, bicubic], index): Item => {
    const score = (psnr: number) => ({ psnr, ssim: 1 });
    return { item: index / 25, scores: { srvid: score(srvid), bicubic: score(bicubic), lanczos: score(0) } };
  });
  const scores = (['srvid', 'bicubic', 'lanczos'] as const).map((method) => ({ method, psnr: 33, ssim: 1, gain: 0, lumaShift: 0 }));
  const facts = { models: [], precision: 'none', scale: 2, border: 2, warnings: [] };
  return { v: 1, type: 'eval', input: 'clip.mp4', kind: 'clip', preset, count: items.length, scores, items, ...facts };
}

const linesOf = (svg: string) =>
  [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) => (points as string).split(' ').map((point) => point.split(',').map(Number)));

test('a line has a point for each frame, higher for a higher PSNR, evenly spaced in time', () => {
  const [ours, bicubic] = linesOf(
    plotPsnr(
      evaluationOf([
        [30, 28],
        [34, 29],
        [32, 31],
      ]),
    ),
  ) as [number[][], number[][]];
  const heights = ours.map(([, y]) => y as number);
  expect(heights[1]).toBeLessThan(heights[2] as number);
  expect(heights[2]).toBeLessThan(heights[0] as number);
  expect(heights[0]).toBeLessThan(bicubic[0]?.[1] as number);
  const places = ours.map(([x]) => x as number);
  expect((places[1] as number) - (places[0] as number)).toBeCloseTo((places[2] as number) - (places[1] as number), 1);
});

test.each([
  ['one frame', [[40, 40]]],
  ['equal frames at the most there is', [[100, 100], [100, 100]]], // biome-ignore format: one case a line
] as const)('%s can be drawn', (_, levels) => {
  const svg = plotPsnr(evaluationOf(levels));
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  for (const line of linesOf(svg)) expect(line).toHaveLength(levels.length);
});

test('a name cannot break out of the drawing', () => {
  const svg = plotPsnr(evaluationOf([[30, 20]], '<script>&'));
  expect(svg).toContain('&lt;script>&amp;');
  expect(svg).not.toContain('<script');
});
