// Writes the table of sound into docs/formats.md: each audio codec that this ffmpeg can make, in the layouts that its encoder
// takes, into each container. Each cell is the decision of the module that decides in a run, and each codec is looked for by its
// own name, so that the table can be made for another ffmpeg: FFMPEG_PATH=... npm run docs:audio. Takes some minutes.
//   node scripts/audio-table.mjs [codec ...]   prints the rows of some codecs instead
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../dist/pipeline/ffmpeg/binary.js';
import { probeFile } from '../dist/pipeline/ffmpeg/probe.js';
import { planCarry } from '../dist/pipeline/output/carry.js';
import { containerFor } from '../dist/pipeline/output/container.js';

const PAGE = new URL('../docs/formats.md', import.meta.url);
const LAYOUTS = ['mono', 'stereo', '5.1', '5.1(side)', '7.1'];
const CONTAINERS = ['mp4', 'mov', 'mkv', 'webm', 'ts', 'avi'];
/** Containers to bring a codec in, as the sources of users do. */
const SOURCES = ['matroska', 'mov', 'mpegts', 'asf', 'avi', 'nut', 'mxf', 'wav', 'flv', 'rm', 'voc', 'au', 'caf'];
const RATES = ['48000', '44100', '16000', '8000'];
/** Nothing in these files is processed; every stream is one beside the video. */
const NO_VIDEO = { index: -1 };

const run = promisify(execFile);
const binary = await findFfmpeg();
const folder = await mkdtemp(join(tmpdir(), 'srvid-audio-'));
const only = process.argv.slice(2);
try {
  const rows = [];
  for (const [codec, encoders] of await encodersByCodec()) {
    if (only.length > 0 && !only.includes(codec)) continue;
    const source = await makeSource(codec, encoders);
    if (!source) continue;
    const cells = [];
    for (const container of CONTAINERS) cells.push(await cellOf(source, container));
    rows.push({ codec, layouts: source.streams.map(layoutOf), cells });
    process.stderr.write(`${codec}: ${cells.join(' | ')}\n`);
  }
  const table = tableOf(rows);
  if (only.length > 0) process.stdout.write(table);
  else await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8'), table));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Names of audio codecs, each with the encoders that make it. */
async function encodersByCodec() {
  const { stdout } = await run(binary.ffmpeg, ['-hide_banner', '-encoders'], { maxBuffer: 1 << 22 });
  const found = new Map();
  for (const [, name, text] of stdout.matchAll(/^ A[A-Z.]{5} (\S+) +(.*)$/gm)) {
    if (name === '=') continue;
    const codec = /\(codec (\S+)\)/.exec(text)?.[1] ?? name;
    found.set(codec, [...(found.get(codec) ?? []), name]);
  }
  return [...found].toSorted(([a], [b]) => a.localeCompare(b));
}

/** Makes a file with one stream of a codec for each layout that can be had, in the first container that gives the codec back. */
async function makeSource(codec, encoders) {
  for (const encoder of encoders)
    for (const rate of RATES) {
      const layouts = await layoutsTaken(encoder, rate);
      if (layouts.length === 0) continue;
      for (const format of SOURCES) {
        const probe = await encoded(encoder, rate, layouts, format, join(folder, `${codec}.${format}`));
        if (!probe || probe.streams.length !== layouts.length || probe.streams.some(({ codec_name }) => codec_name !== codec)) continue;
        const streams = probe.streams.filter((stream, at) => probe.streams.findIndex((other) => layoutOf(other) === layoutOf(stream)) === at);
        return { ...probe, streams };
      }
    }
  return undefined;
}

async function layoutsTaken(encoder, rate) {
  const taken = [];
  for (const layout of LAYOUTS) if (await encoded(encoder, rate, [layout], 'null', '-')) taken.push(layout);
  return taken;
}

/** Encodes a tone in some layouts. @returns what ffprobe finds then; undefined where it cannot be done */
async function encoded(encoder, rate, layouts, format, path) {
  const inputs = layouts.flatMap((layout) => ['-f', 'lavfi', '-i', `sine=d=0.5:r=${rate},aformat=channel_layouts=${layout}`]);
  const maps = layouts.flatMap((_, index) => ['-map', `${index}`]);
  try {
    await run(binary.ffmpeg, ['-nostdin', '-v', 'error', '-y', ...inputs, ...maps, '-c:a', encoder, '-strict', 'experimental', '-f', format, path], {
      timeout: 30_000,
    });
    return path === '-' ? true : await probeFile(binary, path);
  } catch {
    return undefined;
  }
}

/** The fate of each stream in a container, in words. */
async function cellOf(probe, name) {
  const container = containerFor(`a.${name}`, undefined);
  const setting = { binary, container, toPipe: false, input: probe.input, head: undefined, salvage: false, signal: undefined };
  const { streams, warnings } = await planCarry({ ...setting, probe, processed: NO_VIDEO, tracks: undefined });
  const fates = new Map();
  for (const stream of probe.streams) {
    const carried = streams.find(({ index }) => index === stream.index);
    const warning = warnings.find((text) => text.includes(`stream ${stream.index} `)) ?? '';
    const changed = /with (.*) instead of/.exec(warning)?.[1];
    const fate = carried ? (carried.codec === 'copy' ? 'copied' : `${carried.codec}${changed ? ` ${changed}` : ''}`) : 'left out';
    fates.set(fate, [...(fates.get(fate) ?? []), layoutOf(stream)]);
  }
  if (fates.size === 1) return [...fates.keys()][0];
  return [...fates].map(([fate, layouts]) => `${layouts.join(', ')}: ${fate}`).join('; ');
}

function layoutOf({ channel_layout, channels }) {
  return channel_layout ?? (channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`);
}

/** Codecs that fare alike share a row. */
function tableOf(rows) {
  const alike = new Map();
  for (const { codec, layouts, cells } of rows) {
    const key = JSON.stringify([layouts, cells]);
    alike.set(key, [...(alike.get(key) ?? []), codec]);
  }
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  const body = [...alike].map(([key, codecs]) => {
    const [layouts, cells] = JSON.parse(key);
    return line([codecs.join(', '), layouts.join(', '), ...cells]);
  });
  return `${line(['codec', 'layouts', ...CONTAINERS])}${line(Array(CONTAINERS.length + 2).fill('---'))}${body.join('')}`;
}

function withTable(page, table) {
  const [before, rest] = page.split('<!-- audio -->');
  const after = rest?.split('<!-- /audio -->')[1];
  if (after === undefined) throw new Error('docs/formats.md lacks the marks <!-- audio --> and <!-- /audio -->');
  return `${before}<!-- audio -->\nMade with ffmpeg ${binary.version}.\n\n${table}<!-- /audio -->${after}`;
}
