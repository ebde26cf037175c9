// The operators at one number of channels as bars on a logarithmic scale, as an SVG.
const CHANNELS = 32;
const ROW = 34;
const FRAME = { left: 220, right: 70, top: 56, bottom: 36, width: 900 };
const SERIES = [
  ['int8', '#0b6bcb'],
  ['fp32', '#c2410c'],
];

export function drawOps(rows) {
  const bars = rows.map(({ name, cells }) => ({ name, ...cells.find(({ channels }) => channels === CHANNELS) }));
  const times = bars.flatMap(({ int8, fp32 }) => [int8, fp32]);
  const [least, most] = [Math.min(...times), Math.max(...times)].map(Math.log10);
  const [from, to] = [Math.floor(least), Math.ceil(most)];
  const inner = FRAME.width - FRAME.left - FRAME.right;
  const x = (ms) => FRAME.left + ((Math.log10(ms) - from) / (to - from)) * inner;
  const height = FRAME.top + bars.length * ROW + FRAME.bottom;
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${FRAME.width}" height="${height}" fill="#fff"/>`,
    `<text x="16" y="24" font-weight="bold">${CHANNELS} channels at 640x360, one thread, milliseconds</text>`,
    ...SERIES.map(([name, color], index) => `<text x="${FRAME.left + 300 + index * 60}" y="24" fill="${color}" font-weight="bold">${name}</text>`),
    ...ticks.map((tick) => `<path d="M${x(tick).toFixed(1)} ${FRAME.top - 8}V${height - FRAME.bottom}" stroke="#ddd"/>`),
    ...ticks.map((tick) => `<text x="${x(tick).toFixed(1)}" y="${height - 14}" text-anchor="middle">${tick}</text>`),
    ...bars.flatMap((bar, index) => drawRow(bar, FRAME.top + index * ROW, x)),
    '</svg>',
  ].join('\n')}\n`;
}

function drawRow(bar, top, x) {
  return [
    `<text x="${FRAME.left - 10}" y="${top + 18}" text-anchor="end">${bar.name}</text>`,
    ...SERIES.flatMap(([series, color], index) => {
      const [y, end] = [top + index * 13, x(bar[series])];
      return [
        `<rect x="${FRAME.left}" y="${y}" width="${Math.max(1, end - FRAME.left).toFixed(1)}" height="11" fill="${color}"/>`,
        `<text x="${(end + 5).toFixed(1)}" y="${y + 10}" font-size="11">${bar[series].toFixed(1)}</text>`,
      ];
    }),
  ];
}
