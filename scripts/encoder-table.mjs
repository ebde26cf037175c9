// Writes docs/formats.md's table of video encoders: each that ffmpeg lists and that needs no hardware encodes four flat patches, in limited and full
// range, by BT.601 and BT.709, and the result is read with ffmpeg. Names of encoders as arguments choose some, and the table is then only printed.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFfmpeg, videoEncoders } from '../dist/pipeline/ffmpeg/binary.js';
import { LEVELS_OFF, patchVideo, SOURCES, stored } from './patches.mjs';

const PAGE = new URL('../docs/formats.md', import.meta.url);
const HARDWARE = /_(nvenc|qsv|vaapi|v4l2m2m|omx|amf|mf|videotoolbox|vulkan|d3d12va|mediacodec|cuvid|rkmpp)$/;
/** The containers that are tried, in order, until one holds what the encoder writes. */
const CONTAINERS = ['mp4', 'mov', 'mkv', 'avi', 'nut'];
/** CIF, which nearly all encoders take, and PAL. */
const SIZES = [
  [352, 288],
  [720, 576],
];
const OPTIONS = { dnxhd: [['profile', 'dnxhr_hq']], avui: [['strict', '-2']] };
/** Levels off by which a picture is another one: the container has no name for what the encoder writes, as AVI for PPM, and players take it for raw video. */
const GARBLED = 100;
const AT_ONCE = 2;
/** Matrices as the table names them. Where nothing is said, these sizes have that of BT.601. */
const MATRICES = { unsaid: 'BT.601, unsaid', smpte170m: 'BT.601', bt709: 'BT.709' };

const binary = await findFfmpeg();
const chosen = process.argv.slice(2);
const names = chosen.length > 0 ? chosen : [...(await videoEncoders(binary))].filter((name) => !HARDWARE.test(name)).sort();
const folder = await mkdtemp(join(tmpdir(), 'srvid-encoders-'));
const rows = new Map();
try {
  const waiting = [...names];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        rows.set(name, await rowOf(name));
        console.log(rows.get(name) ?? `${name}: in none of ${CONTAINERS.join(', ')}`);
      }
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
const table = [
  '| encoder | container | pixel format | range | matrix | levels off |',
  '|---|---|---|---|---|---|',
  ...names.flatMap((name) => rows.get(name) ?? []),
];
const none = names.filter((name) => !rows.get(name));
const text = [...table, '', ...(none.length > 0 ? [`In none of ${CONTAINERS.join(', ')}, or not at these sizes: ${none.join(', ')}.`, ''] : [])].join('\n');
if (chosen.length === 0) {
  const page = await readFile(PAGE, 'utf8');
  const made = `Made by \`npm run docs:encoders\` with ffmpeg ${binary.version}.`;
  await writeFile(
    PAGE,
    page.replace(/(<!-- encoders -->\n)[\s\S]*(<!-- \/encoders -->)/, (_, open, close) => `${open}\n${made}\n\n${text}\n${close}`),
  );
}

/** The table's row of an encoder, in the first container that holds it; undefined where none does. */
async function rowOf(encoder) {
  for (const size of SIZES) {
    for (const container of CONTAINERS) {
      const results = [];
      for (const source of SOURCES) {
        const input = await patchVideo(folder, source, size);
        const output = join(folder, `${encoder}.${container}`);
        const result = await stored({ input, output, encoder, options: OPTIONS[encoder] ?? [] }).catch(() => undefined);
        if (!result || result.off > GARBLED) break;
        results.push({ ...result, source });
      }
      if (results.length === SOURCES.length) return describe(encoder, container, results);
    }
  }
  return undefined;
}

function describe(encoder, container, results) {
  const off = Math.max(...results.map((result) => result.off));
  const formats = [...new Set(results.map(({ pixelFormat }) => pixelFormat.replace('yuvj', 'yuv')))].join(', ');
  const isRgb = /rgb|bgr|gbr|pal8/.test(formats);
  const ranges = results.map(({ source, range }) => (range === source.range ? 'kept' : range === 'pc' ? 'full' : 'limited'));
  const matrices = results.map(({ source, matrix }) => (matrix === source.matrix ? 'kept' : (MATRICES[matrix] ?? matrix)));
  const one = (words) => (words.some((word) => word !== 'kept') ? words.find((word) => word !== 'kept') : 'kept');
  return `| ${encoder} | ${container} | ${formats} | ${isRgb ? 'full' : one(ranges)} | ${isRgb ? 'none: RGB' : one(matrices)} | ${off}${off > LEVELS_OFF ? ', by nature' : ''} |`;
}
