// Shares of levels over time, as an SVG: a stacked column for each sample, the time in which another process took a core behind them.
const FRAME = { width: 900, height: 300, left: 56, right: 150, top: 44, bottom: 46 };
/** From all heavy to all light, and the bypass. */
const COLORS = ['#08306b', '#2171b5', '#6baed6', '#9ecae1', '#deebf7', '#bbb'];

/** `shares`: [{at, parts}], the seconds since the first frame and a share for each of `names`; `busy`: {from, until} in seconds. */
export function drawShares({ names, shares, busy, seconds }) {
  const [x0, x1, y0, y1] = [FRAME.left, FRAME.width - FRAME.right, FRAME.height - FRAME.bottom, FRAME.top];
  const x = (at) => Number((x0 + (Math.min(at, seconds) / seconds) * (x1 - x0)).toFixed(1));
  const y = (share) => Number((y0 - share * (y0 - y1)).toFixed(1));
  const ticks = Array.from({ length: Math.floor(seconds / 10) + 1 }, (_, index) => index * 10);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${FRAME.height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${FRAME.width}" height="${FRAME.height}" fill="#fff"/>`,
    `<text x="16" y="24" font-weight="bold">A live source: share of frames by each k</text>`,
    ...shares.flatMap(({ at, parts }, index) => column(x(shares[index - 1]?.at ?? 0), x(at), parts, y)),
    `<path d="M${x(busy.from)} ${y1}V${y0}M${x(busy.until)} ${y1}V${y0}" stroke="#c2410c" stroke-dasharray="4 3"/>`,
    `<text x="${(x(busy.from) + x(busy.until)) / 2}" y="${y1 - 6}" text-anchor="middle" fill="#c2410c">another process takes one core</text>`,
    ...[0, 0.5, 1].map((share) => `<text x="${x0 - 8}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`),
    ...ticks.map((tick) => `<text x="${x(tick)}" y="${y0 + 18}" text-anchor="middle">${tick}</text>`),
    `<text x="${(x0 + x1) / 2}" y="${FRAME.height - 8}" text-anchor="middle">seconds</text>`,
    ...names.map(
      (name, level) =>
        `<rect x="${x1 + 12}" y="${y1 + 22 * level}" width="14" height="14" fill="${COLORS[level]}" stroke="#888"/><text x="${x1 + 32}" y="${y1 + 22 * level + 12}">${name}</text>`,
    ),
    `<path d="M${x0} ${y1}V${y0}H${x1}" fill="none" stroke="#888"/>`,
    '</svg>',
  ].join('\n')}\n`;
}

/** A sample's stacked shares, the best level at the bottom. */
function column(from, to, parts, y) {
  let below = 0;
  return parts.map((part, level) => {
    const bar = `<rect x="${from}" y="${y(below + part)}" width="${(to - from).toFixed(1)}" height="${(y(below) - y(below + part)).toFixed(1)}" fill="${COLORS[level]}"/>`;
    below += part;
    return bar;
  });
}
