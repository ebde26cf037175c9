// Gain over bicubic against time on a logarithmic scale, as an SVG: one panel a scale, one mark a network and engine.
const PANEL = { width: 420, height: 330, left: 56, right: 24, top: 64, bottom: 46 };
const ENGINES = [
  { color: '#c2410c', name: 'circle' },
  { color: '#0b6bcb', name: 'diamond' },
];
const FRAME_RATES = [24, 60];

/** `points`: name, scale, gain in dB, and `times` in ms by engine; `names` are those of the engines. */
export function drawFrontier(points, names) {
  const scales = [...new Set(points.map(({ scale }) => scale))];
  const times = points.flatMap(({ times: taken }) => taken);
  const axes = { least: Math.log10(Math.min(...times)) - 0.08, most: Math.log10(Math.max(...times)) + 0.3 };
  const width = scales.length * PANEL.width;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" font-family="sans-serif" font-size="12" fill="#333">`,
    `<rect width="${width}" height="${PANEL.height}" fill="#fff"/>`,
    '<text x="16" y="22" font-size="14" font-weight="bold">Kodak, Y-PSNR over bicubic in dB, against ms for a frame of 1920x1080, one thread</text>',
    ...names.map((name, index) => `${mark(index, 24 + index * 190, 40)}<text x="${36 + index * 190}" y="44" fill="${ENGINES[index].color}">${name}</text>`),
    ...scales.flatMap((scale, index) =>
      panel(
        points.filter((point) => point.scale === scale),
        scale,
        index * PANEL.width,
        axes,
      ),
    ),
    '</svg>',
  ].join('\n')}\n`;
}

function panel(points, scale, left, { least, most }) {
  const [x0, x1, y0, y1] = [left + PANEL.left, left + PANEL.width - PANEL.right, PANEL.height - PANEL.bottom, PANEL.top + 12];
  const gains = points.map(({ gain }) => gain);
  const [low, high] = [Math.floor(Math.min(...gains) * 10 - 0.5) / 10, Math.ceil(Math.max(...gains) * 10 + 0.5) / 10];
  const x = (ms) => x0 + ((Math.log10(ms) - least) / (most - least)) * (x1 - x0);
  const y = (gain) => y0 - ((gain - low) / (high - low)) * (y0 - y1);
  const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000].filter((ms) => Math.log10(ms) >= least && Math.log10(ms) <= most);
  const levels = Array.from({ length: Math.round((high - low) * 10) + 1 }, (_, index) => low + index / 10);
  return [
    `<text x="${x1}" y="${PANEL.top + 4}" text-anchor="end" font-weight="bold">x${scale}</text>`,
    ...levels.map(
      (gain) =>
        `<path d="M${x0} ${y(gain).toFixed(1)}H${x1}" stroke="#e5e5e5"/><text x="${x0 - 6}" y="${(y(gain) + 4).toFixed(1)}" text-anchor="end">${gain.toFixed(1)}</text>`,
    ),
    ...ticks.map(
      (ms) => `<path d="M${x(ms).toFixed(1)} ${y0}v5" stroke="#888"/><text x="${x(ms).toFixed(1)}" y="${y0 + 18}" text-anchor="middle">${ms}</text>`,
    ),
    ...FRAME_RATES.map((rate) => 1000 / rate)
      .filter((ms) => Math.log10(ms) > least && Math.log10(ms) < most)
      .map(
        (ms) =>
          `<path d="M${x(ms).toFixed(1)} ${y0}V${y1}" stroke="#999" stroke-dasharray="3 3"/><text x="${x(ms).toFixed(1)}" y="${y1 - 2}" text-anchor="middle" font-size="10">${Math.round(1000 / ms)} fps</text>`,
      ),
    `<path d="M${x0} ${y1}V${y0}H${x1}" fill="none" stroke="#888"/>`,
    `<text x="${(x0 + x1) / 2}" y="${y0 + 36}" text-anchor="middle">ms a frame</text>`,
    ...labelled(points, y).flatMap((point) => network(point, x, y)),
  ];
}

/** The points with the heights of their names, from below upwards, none closer than a line to the next. */
function labelled(points, y) {
  let last = Number.POSITIVE_INFINITY;
  return [...points]
    .sort((a, b) => a.gain - b.gain)
    .map((point) => {
      last = Math.min(y(point.gain), last - 13);
      return { ...point, label: last };
    });
}

/** A network's marks, joined, with its name at the slowest. */
function network({ name, gain, times, label }, x, y) {
  const [from, to] = [Math.min(...times), Math.max(...times)];
  return [
    `<path d="M${x(from).toFixed(1)} ${y(gain).toFixed(1)}H${x(to).toFixed(1)}" stroke="#bbb"/>`,
    ...times.map((ms, index) => mark(index, x(ms), y(gain))),
    `<text x="${(x(to) + 8).toFixed(1)}" y="${(label + 4).toFixed(1)}">${name}</text>`,
  ];
}

function mark(index, x, y) {
  const { color, name } = ENGINES[index];
  if (name === 'circle') return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="5" fill="${color}"/>`;
  return `<path d="M${x.toFixed(1)} ${(y - 6).toFixed(1)}l6 6l-6 6l-6 -6z" fill="${color}"/>`;
}
