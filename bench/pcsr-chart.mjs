// Time and PSNR of ways to enlarge, as an SVG: a point for each, those of PCSR joined by a line.
const FRAME = { width: 900, height: 460, left: 70, right: 190, top: 48, bottom: 56 };
const COLORS = { pcsr: '#0b6bcb', network: '#c2410c', resampling: '#555' };

export function drawWays(title, rows) {
  const x = axis(rows.map(({ ms }) => ms).concat(0), FRAME.left, FRAME.width - FRAME.right);
  const y = axis(
    rows.map(({ psnr }) => psnr),
    FRAME.height - FRAME.bottom,
    FRAME.top,
  );
  const line = rows.filter(({ family, name }) => family === 'pcsr' && /k=[-.\d]+$/.test(name)).map(({ ms, psnr }) => `${x.at(ms)},${y.at(psnr)}`);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FRAME.width} ${FRAME.height}" font-family="sans-serif" font-size="13" fill="#333">`,
    `<rect width="${FRAME.width}" height="${FRAME.height}" fill="#fff"/>`,
    `<text x="16" y="26" font-weight="bold">${title}</text>`,
    ...x.ticks.map((tick) => `<text x="${x.at(tick)}" y="${FRAME.height - FRAME.bottom + 20}" text-anchor="middle">${tick}</text>`),
    ...y.ticks.map((tick) => `<path d="M${FRAME.left} ${y.at(tick)}H${FRAME.width - FRAME.right}" stroke="#ddd"/>`),
    ...y.ticks.map((tick) => `<text x="${FRAME.left - 8}" y="${y.at(tick) + 4}" text-anchor="end">${tick}</text>`),
    `<text x="${(FRAME.left + FRAME.width - FRAME.right) / 2}" y="${FRAME.height - 14}" text-anchor="middle">milliseconds</text>`,
    `<text x="${FRAME.width - 16}" y="26" text-anchor="end">Y-PSNR, dB</text>`,
    `<polyline points="${line.join(' ')}" fill="none" stroke="${COLORS.pcsr}"/>`,
    ...rows.flatMap(({ name, family, ms, psnr }) => [
      `<circle cx="${x.at(ms)}" cy="${y.at(psnr)}" r="4" fill="${COLORS[family]}"/>`,
      label(name, x.at(ms), y.at(psnr), family),
    ]),
    '</svg>',
  ].join('\n')}\n`;
}

/** Names of neighbours run side by side: PCSR's downwards, the others' upwards. */
function label(name, x, y, family) {
  const [degrees, down] = family === 'pcsr' ? [55, 12] : [-35, -4];
  return `<text transform="translate(${x + 5} ${y + down}) rotate(${degrees})" font-size="11" fill="${COLORS[family]}">${name}</text>`;
}

/** About six round ticks over all values. */
function axis(values, from, to) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const rough = (most - least) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const [begin, end] = [Math.floor(least / step) * step, Math.ceil(most / step) * step];
  const ticks = Array.from({ length: Math.round((end - begin) / step) + 1 }, (_, index) => Number((begin + index * step).toPrecision(12)));
  return { ticks, at: (value) => Number((from + ((value - begin) / (end - begin)) * (to - from)).toFixed(1)) };
}
