import type { Evaluation } from './report.js';

const WIDTH = 960;
const HEIGHT = 420;
const FRAME = { left: 64, right: 16, top: 48, bottom: 52 };
const LINES = [
  { method: 'srvid', color: '#0b6bcb' },
  { method: 'bicubic', color: '#c2410c' },
  { method: 'given', color: '#c2410c' },
] as const;
/** Upper limit of the plot in dB. Frames without content come back almost exactly, and would stretch the axis. */
const MOST_DB = 60;

interface Axis {
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/** Plots the PSNR of every frame, or of every picture by its number, as SVG: the chain, and bicubic or the pictures as given. */
export function plotPsnr({ kind, preset, scale, scores, items }: Evaluation): string {
  const places = items.map(({ item }, index) => (typeof item === 'number' ? item : index + 1));
  const drawn = LINES.filter(({ method }) => scores.some((score) => score.method === method));
  const levels = drawn.map(({ method }) => items.map((item) => Math.min(MOST_DB, item.scores[method]?.psnr ?? 0)));
  const x = axis(places, { from: FRAME.left, to: WIDTH - FRAME.right, count: 10, leastStep: kind === 'clip' ? 0 : 1 });
  const y = wholeAxis(levels.flat(), { from: HEIGHT - FRAME.bottom, to: FRAME.top, count: 6, leastStep: 0 });
  const lines = drawn.map(({ method, color }, index) => {
    const points = (levels[index] ?? []).map((level, at) => `${x.at(places[at] ?? 0).toFixed(1)},${y.at(level).toFixed(1)}`);
    const name = method === 'srvid' ? preset : method;
    const mean = scores.find((score) => score.method === method)?.psnr.toFixed(2);
    return [
      `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"/>`,
      `<text x="${FRAME.left + index * 260}" y="28" fill="${color}" font-weight="bold">${escaped(name)}: mean ${mean} dB</text>`,
    ].join('\n');
  });
  const [bottom, right] = [HEIGHT - FRAME.bottom, WIDTH - FRAME.right];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...y.ticks.map((tick) => `<path d="M${FRAME.left} ${y.at(tick).toFixed(1)}H${right}" stroke="#ddd"/>`),
    ...y.ticks.map((tick) => `<text x="${FRAME.left - 8}" y="${(y.at(tick) + 4).toFixed(1)}" text-anchor="end">${tick}</text>`),
    ...x.ticks.map((tick) => `<text x="${x.at(tick).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${tick}</text>`),
    `<text x="${(FRAME.left + right) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${kind === 'clip' ? 'time in seconds' : 'picture'}</text>`,
    `<text x="${right}" y="28" text-anchor="end">Y-PSNR in dB, x${scale}</text>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

interface AxisForm {
  /** The pixels at which it begins and ends. */
  readonly from: number;
  readonly to: number;
  /** About so many ticks. */
  readonly count: number;
  /** The least distance of two ticks: pictures have whole numbers. */
  readonly leastStep: number;
}

/** An axis whose first and last tick stand at or beyond all values, so that every value can be read off between two ticks. */
function wholeAxis(values: readonly number[], form: AxisForm): Axis {
  const [least, most] = extentOf(values);
  const step = stepOf(most - least, form);
  return axis([Math.floor(least / step) * step, Math.ceil(most / step) * step], form);
}

/** An axis over all values, with round ticks. */
function axis(values: readonly number[], form: AxisForm): Axis {
  const { from, to } = form;
  const [least, most] = extentOf(values);
  const step = stepOf(most - least, form);
  const ticks: number[] = [];
  // A tick at an end counts although the division is not exact.
  for (let tick = Math.ceil(least / step - 1e-9); tick * step <= most + step * 1e-9; tick++) ticks.push(Number((tick * step).toPrecision(12)));
  return { ticks, at: (value) => from + ((value - least) / (most - least)) * (to - from) };
}

/** The least and the largest value, half a unit apart from each other's mean where they are one. */
function extentOf(values: readonly number[]): readonly [number, number] {
  const extent = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)] as const, [Infinity, -Infinity] as const);
  return extent[0] === extent[1] ? [extent[0] - 0.5, extent[1] + 0.5] : extent;
}

function stepOf(length: number, { count, leastStep }: AxisForm): number {
  return Math.max(leastStep, roundStep(length / count));
}

/** Rounds up to 1, 2 or 5 times a power of ten. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= step) ?? 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
