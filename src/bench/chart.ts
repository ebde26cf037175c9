import type { BenchReport } from './report.js';

const WIDTH = 960;
const LEFT = 150;
const RIGHT = 190;
const BAR = 34;
const STEP = 58;
const TOP = 64;

const STAGES = [
  { name: 'network', color: '#0b6bcb' },
  { name: 'encode', color: '#c2410c' },
  { name: 'decode', color: '#7c8794' },
  { name: 'srvid', color: '#d9a514' },
] as const;

/** Draws the core-milliseconds of a frame as SVG: a stacked bar for each case. */
export function chartOf({ cases, machine, encoder }: BenchReport): string {
  const totalOf = ({ coreMs }: BenchReport['cases'][number]) => STAGES.reduce((sum, { name }) => sum + coreMs[name], 0);
  const most = Math.max(1, ...cases.map(totalOf));
  const scale = (WIDTH - LEFT - RIGHT) / most;
  const height = TOP + cases.length * STEP + 24;
  const legend = STAGES.map(({ name, color }, index) => {
    const x = LEFT + index * 130;
    return `<rect x="${x}" y="34" width="12" height="12" fill="${color}"/><text x="${x + 18}" y="45">${name}</text>`;
  });
  const bars = cases.flatMap((item, index) => {
    const y = TOP + index * STEP;
    let x = LEFT;
    const parts = STAGES.flatMap(({ name, color }) => {
      const width = item.coreMs[name] * scale;
      const at = x;
      x += width;
      const label =
        width < 30 ? [] : [`<text x="${(at + width / 2).toFixed(1)}" y="${y + 22}" text-anchor="middle" fill="#fff">${item.coreMs[name].toFixed(1)}</text>`];
      return [`<rect x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${color}"/>`, ...label];
    });
    const said = `${item.fps.toFixed(1)} fps, ${(100 * item.efficiency).toFixed(0)}% of bound`;
    return [
      `<text x="${LEFT - 10}" y="${y + 15}" text-anchor="end" font-weight="bold">${escaped(item.preset)} x${item.scale}</text>`,
      `<text x="${LEFT - 10}" y="${y + 31}" text-anchor="end" fill="#666">${item.source}</text>`,
      ...parts,
      `<text x="${(x + 10).toFixed(1)}" y="${y + 22}">${said}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22">core-milliseconds of a 1080p frame; ${escaped(machine)}; encoder ${escaped(encoder)}</text>`,
    ...legend,
    ...bars,
    '</svg>\n',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
