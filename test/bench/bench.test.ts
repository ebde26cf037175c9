import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { chartOf } from '../../dist/bench/chart.js';
import type { BenchCase, BenchReport } from '../../dist/bench/report.js';
import { benchmarkMs, median } from '../../dist/bench/tools.js';
import { benchText } from '../../dist/cli/bench.js';
import { srvid } from '../helpers/command.js';
import { rawFrames, temporaryFolder } from '../helpers/media.js';

const folder = await temporaryFolder();

const item: BenchCase = {
  preset: 'abpn',
  scale: 3,
  source: '640x360',
  target: '1920x1080',
  models: ['abpn-x3-int8'],
  workers: 2,
  threads: 1,
  engine: 'native (avx2)',
  engineReason: 'measured',
  coreMs: { decode: 2, network: 40, srvid: 4, encode: 10 },
  boundFps: 38,
  fps: 34,
  discardedFps: 44,
  efficiency: 0.895,
  gmacPerSecond: 210,
  peakShare: 0.5,
  latencyMs: { one: 40, two: 22 },
  startupSeconds: 0.6,
  peakRssMB: 300,
  eventLoopP99Ms: 2,
};
const report: BenchReport = {
  v: 1,
  machine: 'a <machine>',
  srvid: '0.1.0',
  ffmpeg: '5.1',
  clip: 'clip.mp4',
  frames: 100,
  rounds: 3,
  encoder: 'preset=ultrafast',
  peakGmacPerSecond: 400,
  cases: [item, { ...item, scale: 2, fps: 17 }],
};

describe('text', () => {
  test('has a column for each case and a line for each figure', () => {
    const lines = benchText(report).split('\n');
    expect(lines[2]).toMatch(/abpn x3, 640x360 to 1920x1080, 2 x 1 +abpn x2/);
    expect(lines.find((line) => line.startsWith('engine'))).toMatch(/native \(avx2\) +native \(avx2\)$/);
    expect(lines).toContain('abpn x2: measured');
    expect(lines.find((line) => line.startsWith('end to end'))).toMatch(/34\.0 +17\.0$/);
    expect(lines.find((line) => line.startsWith('efficiency'))).toContain('0.895');
  });

  test('has ratios to an earlier measurement of the same case, and none where there was none', () => {
    const earlier = { ...report, cases: [{ ...item, fps: 17 }] };
    const line = benchText(report, earlier)
      .split('\n')
      .find((one) => one.startsWith('end to end'));
    expect(line).toMatch(/34\.0 \(x2\.00\) +17\.0$/);
  });
});

test('the chart has a stacked bar for each case, in scale, and is XML whatever the machine is called', () => {
  const svg = chartOf(report);
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="64" width="([\d.]+)" height="34"/g)].map(([, width]) => Number(width));
  expect(widths).toHaveLength(4);
  const [network = 0, encode = 0, decode = 0, own = 0] = widths;
  expect(network / encode).toBeCloseTo(4, 1);
  expect(encode / decode).toBeCloseTo(5, 1);
  expect(own / decode).toBeCloseTo(2, 1);
  expect(svg).toContain('a &lt;machine>');
  expect([...svg.matchAll(/height="34"/g)]).toHaveLength(8);
});

test('medians and ffmpeg’s own account are read rightly', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7])]).toEqual([2, 2.5, 7]);
  expect(benchmarkMs('x\nbench: utime=1.500s stime=0.250s rtime=1s\n')).toBe(1750);
  expect(() => benchmarkMs('nothing')).toThrow('no benchmark line');
});

test('the command measures, and writes JSON and a chart', async () => {
  const chart = join(folder, 'chart.png');
  const small = ['bench', '--scale', '3', '--runs', '1', '--frames', '4', '--workers', '1', '--encoder-option', 'preset=ultrafast'];
  const first = await srvid([...small, '--json', '--chart', chart]);
  expect(first.code, first.stderr).toBe(0);
  const measured = JSON.parse(first.stdout.toString()) as BenchReport;
  const [only] = measured.cases as [BenchCase];
  for (const figure of ['fps', 'boundFps', 'discardedFps', 'efficiency', 'gmacPerSecond', 'peakShare', 'startupSeconds', 'peakRssMB'] as const)
    expect(only[figure], figure).toBeGreaterThan(0);
  for (const stage of ['decode', 'network', 'encode'] as const) expect(only.coreMs[stage], stage).toBeGreaterThan(0);
  expect(only.boundFps * (only.coreMs.decode + only.coreMs.network + only.coreMs.encode)).toBeGreaterThanOrEqual(999);
  const pixels = await rawFrames(chart, 'rgb24');
  expect(pixels.length).toBe(1920 * 292 * 3);
  // There is the network's bar, not only the square of 24 x 24 that its colour has in the legend.
  const blue = Array.from({ length: pixels.length / 3 }, (_, at) => pixels.readUIntBE(at * 3, 3)).filter((color) => color === 0x0b6bcb).length;
  expect(blue).toBeGreaterThan(2 * 24 * 24);
});

test('a preset that enlarges nothing is measured once, at the size of the others’ results', async () => {
  const preset = fileURLToPath(new URL('../fixtures/presets/shift-chroma.json', import.meta.url));
  const found = await srvid(['bench', '--preset', preset, '--scale', '2', '--scale', '3', '--runs', '1', '--frames', '2', '--workers', '1', '--json']);
  expect(found.code, found.stderr).toBe(0);
  const { cases } = JSON.parse(found.stdout.toString()) as BenchReport;
  expect(cases).toMatchObject([{ preset, scale: 1, source: '1920x1080', target: '1920x1080', models: [] }]);
});

test.each([
  ['a file that is no measurement', ['--compare', 'package.json'], 'SRVID_OPTION_INVALID'],
  ['a file that is not there', ['--compare', 'absent.json'], 'SRVID_OPTION_INVALID'],
  ['a chart that is neither SVG nor PNG', ['--chart', 'chart.pdf'], 'SRVID_OUTPUT_FORMAT'],
])('%s is refused before anything is measured', async (_, options, code) => {
  const result = await srvid(['bench', ...options]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain(code);
});
