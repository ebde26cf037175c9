import type { BenchReport } from './report.js';

const FRAME = { width: 960, left: 150, right: 190, top: 64, bottom: 24 };
const BAR = { height: 34, step: 58 };
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
  const scale = (FRAME.width - FRAME.left - FRAME.right) / most;
  const height = FRAME.top + cases.length * BAR.step + FRAME.bottom;
  const legend = STAGES.map(({ name, color }, index) => {
    const x = FRAME.left + index * 130;
    return `<rect x="${x}" y="34" width="12" height="12" fill="${color}"/><text x="${x + 18}" y="45">${name}</text>`;
  });
  const bars = cases.flatMap((item, index) => {
    const y = FRAME.top + index * BAR.step;
    let x = FRAME.left;
    const parts = STAGES.flatMap(({ name, color }) => {
      const width = item.coreMs[name] * scale;
      const at = x;
      x += width;
      const label =
        width < 30 ? [] : [`<text x="${(at + width / 2).toFixed(1)}" y="${y + 22}" text-anchor="middle" fill="#fff">${item.coreMs[name].toFixed(1)}</text>`];
      return [`<rect x="${at.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" fill="${color}"/>`, ...label];
    });
    const said = `${item.fps.toFixed(1)} fps, ${(100 * item.efficiency).toFixed(0)}% of bound`;
    return [
      `<text x="${FRAME.left - 10}" y="${y + 15}" text-anchor="end" font-weight="bold">${escaped(item.preset)} x${item.scale}</text>`,
      `<text x="${FRAME.left - 10}" y="${y + 31}" text-anchor="end" fill="#666">${item.source}</text>`,
      ...parts,
      `<text x="${(x + 10).toFixed(1)}" y="${y + 22}">${said}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${FRAME.width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22">core-milliseconds of a 1080p frame; ${escaped(machine)}; encoder ${escaped(encoder)}</text>`,
    ...legend,
    ...bars,
    '</svg>\n',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
