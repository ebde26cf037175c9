import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { runTool } from '../ffmpeg/tied-process.js';
import { PATIENCE_MS } from '../frames/timeout.js';
import { isReadOnce, type OpenedSource } from './open.js';

/** Compression of a source, as its first frames say. */
export interface Compression {
  /** Clean where the encoder has left out next to nothing, coarse where it has left out much of what was fine. */
  readonly content: 'clean' | 'video' | 'coarse';
  /** The measurement in words: "h264 with a mean QP of 30.1 in its first 24 frames". */
  readonly found: string;
}

/** Reads quantisers off ffmpeg's messages about a codec's frames. */
interface Reader {
  /** ffmpeg's options for these messages: before the input, and after it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** The quantiser of each frame or slice. */
  readonly quantisers: (messages: string) => readonly number[];
  readonly name: string;
  /** The least mean that counts as compressed, and the least that counts as coarse. */
  readonly from: { readonly video: number; readonly coarse: number };
}

const FRAMES = 24;
/** The middle of the scale of QPs, from which H.264 and HEVC count. */
const MIDDLE_QP = 26;

/** ffmpeg's filter of packets that prints headers; nothing is decoded. */
const HEADERS = { before: ['-v', 'info'], after: ['-c', 'copy', '-bsf:v', 'trace_headers'] } as const;

/**
 * Codecs whose quantisers ffmpeg tells. The limits lie where networks for compressed video and those for clean video are about as good: x264 has a
 * mean QP of 25 at about CRF 19, x265 one of 28 at about CRF 21, both after pans over photographs. Those for coarse sources lie a little above the
 * place where such networks and those for compressed video are about as good: what is lost by too bold a network is seen sooner.
 */
const READERS: Readonly<Record<string, Reader>> = {
  h264: { ...HEADERS, name: 'QP', from: { video: 25, coarse: 33 }, quantisers: (messages) => sliceQps(messages, 'pic_init_qp_minus26') },
  hevc: { ...HEADERS, name: 'QP', from: { video: 28, coarse: 37 }, quantisers: (messages) => sliceQps(messages, 'init_qp_minus26') },
  mpeg2video: { ...HEADERS, name: 'quantiser scale', from: { video: 8, coarse: 20 }, quantisers: mpeg2Scales },
  mpeg4: { before: ['-v', 'debug', '-debug', 'pict'], after: [], name: 'quantiser', from: { video: 4, coarse: 10 }, quantisers: mpeg4Quantisers },
};

/**
 * Measures how coarsely a source's first frames are quantised, wherever a cut begins, so that all parts of a file are answered alike.
 * Undefined where it cannot be told: for other codecs, for what is read once, and where ffmpeg does not say it.
 */
export async function measureCompression(binary: FfmpegBinary, opened: OpenedSource, signal?: AbortSignal): Promise<Compression | undefined> {
  const { probe, video } = opened.source;
  const codec = video.codec_name ?? '';
  const reader = Object.hasOwn(READERS, codec) ? READERS[codec] : undefined;
  if (!reader || isReadOnce(opened)) return undefined;
  const { before, after, name, from } = reader;
  const input = [...probe.input.options, '-i', probe.input.url, '-map', `0:${video.index}`];
  const args = ['-nostdin', '-hide_banner', ...before, '-threads', '1', ...input, ...after, '-frames:v', String(FRAMES), '-f', 'null', '-'];
  const { stderr } = await runTool(binary.ffmpeg, args, { timeout: PATIENCE_MS, maxBuffer: 1 << 26, ...(signal && { signal }) }).catch((error) => {
    signal?.throwIfAborted();
    return { stderr: String((error as { stderr?: unknown }).stderr ?? '') };
  });
  const quantisers = reader.quantisers(stderr);
  if (quantisers.length === 0) return undefined;
  const mean = quantisers.reduce((sum, quantiser) => sum + quantiser, 0) / quantisers.length;
  const content = mean >= from.coarse ? 'coarse' : mean >= from.video ? 'video' : 'clean';
  return { content, found: `${codec} with a mean ${name} of ${mean.toFixed(1)} in its first ${FRAMES} frames` };
}

/** The QP of each slice: its difference from the one that the picture parameters before it say. */
function sliceQps(messages: string, base: string): number[] {
  const found: number[] = [];
  let qp = MIDDLE_QP;
  for (const [name, value] of fieldsIn(messages)) {
    if (name === base) qp = MIDDLE_QP + value;
    else if (name === 'slice_qp_delta') found.push(qp + value);
  }
  return found;
}

/** The quantiser scale of each slice. ISO/IEC 13818-2, table 7-6: a code stands for twice itself, or for a value that grows faster than it. */
function mpeg2Scales(messages: string): number[] {
  const found: number[] = [];
  let isLinear = true;
  for (const [name, value] of fieldsIn(messages)) {
    if (name === 'q_scale_type') isLinear = value === 0;
    else if (name === 'quantiser_scale_code') found.push(isLinear ? 2 * value : growing(value));
  }
  return found;
}

function growing(code: number): number {
  if (code <= 8) return code;
  if (code <= 16) return 2 * code - 8;
  return code <= 24 ? 4 * code - 40 : 8 * code - 136;
}

function mpeg4Quantisers(messages: string): number[] {
  return [...messages.matchAll(/\] qp:(\d+) /g)].map(([, value]) => Number(value));
}

/** Fields of headers: "[trace_headers @ 0x1] 12  slice_qp_delta  00101 = -2". */
function fieldsIn(messages: string): [name: string, value: number][] {
  return [...messages.matchAll(/\] \d+ +([a-z0-9_]+)[^\n=]* = (-?\d+)$/gm)].map(([, name, value]) => [name as string, Number(value)]);
}
