import { finite, type ProbedStream } from '../ffmpeg/probe.js';
import type { CarriedStream } from './carried-stream.js';
import type { Holding, TrackKind } from './container.js';
import { muxerTakes, type TrialSetting } from './muxer-trial.js';

/** A stream as an encoder will give it. `changes` names what is lost of its sound, such as "stereo instead of 5.1". */
export interface Conversion {
  readonly stream: CarriedStream;
  readonly changes: readonly string[];
}

/** Codecs that store sound without loss. */
const LOSSLESS = /^(pcm_.*|flac|alac|tta|wavpack|ape|tak|shorten|mlp|truehd|als|mp4als|wmalossless)$/;

/** The PCM codec that holds a decoder's samples without loss, by ffmpeg's name of their format. */
const PCM_OF: Readonly<Record<string, string>> = {
  ...{ u8: 'pcm_u8', u8p: 'pcm_u8', s16: 'pcm_s16le', s16p: 'pcm_s16le', s32: 'pcm_s32le', s32p: 'pcm_s32le' },
  ...{ flt: 'pcm_f32le', fltp: 'pcm_f32le', dbl: 'pcm_f64le', dblp: 'pcm_f64le' },
};

/**
 * Filters to try before an encoder: none; one of the layouts that Opus, Vorbis, FLAC and AAC share (RFC 7845, section
 * 5.1.1.2), of which ffmpeg chooses the nearest; a larger one of them, where that would leave out the low frequencies of
 * 2.1 or 3.1; the first two channels, where the channels have no layout.
 */
const FILTERS = [undefined, 'aformat=channel_layouts=mono|stereo|3.0|quad|5.0|5.1|6.1|7.1', 'aformat=channel_layouts=5.1|7.1', 'pan=stereo|c0=c0|c1=c1'];

/**
 * Finds an encoder for streams of one codec and form, by trying those that their container wants: the first that keeps
 * all channels, else the one that keeps most.
 * @returns undefined where none can be used, such as for a codec that ffmpeg cannot decode
 */
export async function findConversion(setting: TrialSetting, holding: Holding, kind: TrackKind, source: ProbedStream): Promise<Conversion | undefined> {
  let best: Trial | undefined;
  for (const codec of encodersFor(holding, source)) {
    const trial = await tryEncoder(setting, { index: source.index, kind, codec }, source.channels ?? 0);
    if (trial && (!best || channelsOf(trial) > channelsOf(best))) best = trial;
    if (best && channelsOf(best) >= (source.channels ?? 0)) break;
  }
  return best && { stream: best.stream, changes: best.found ? changesOf(source, best.found) : [] };
}

/** An encoder that works, and its stream as it was read back. */
interface Trial {
  readonly stream: CarriedStream;
  readonly found: ProbedStream | undefined;
}

/**
 * Tries the filters before one encoder, until one gives enough channels. An encoder that works without any gives what it
 * can, unless it writes channels without a layout, at which players must guess.
 */
async function tryEncoder(setting: TrialSetting, plain: CarriedStream, wanted: number): Promise<Trial | undefined> {
  let best: Trial | undefined;
  for (const filter of plain.kind === 'audio' ? FILTERS : [undefined]) {
    const stream = { ...plain, filter };
    const taken = await muxerTakes(setting, [stream]);
    if (!taken) continue;
    const trial = { stream, found: taken[0] };
    if (!best || rankOf(trial) > rankOf(best)) best = trial;
    if (rankOf(best) >= wanted || (filter === undefined && Number.isInteger(rankOf(best)))) break;
  }
  return best;
}

/** Channels, and a little less where they are written without a layout. */
function rankOf(trial: Trial): number {
  const channels = channelsOf(trial);
  return channels > 2 && trial.found?.channel_layout === undefined ? channels - 0.5 : channels;
}

function channelsOf(trial: Trial | undefined): number {
  return trial?.found?.channels ?? 0;
}

function encodersFor({ becomes, keepsLossless }: Holding, { codec_name, sample_fmt, bits_per_raw_sample }: ProbedStream): readonly string[] {
  if (!keepsLossless || !LOSSLESS.test(codec_name ?? '')) return becomes;
  const exact = finite(bits_per_raw_sample) === 24 ? 'pcm_s24le' : PCM_OF[sample_fmt ?? ''];
  return exact === undefined ? becomes : [exact, ...becomes];
}

function changesOf(before: ProbedStream, after: ProbedStream): string[] {
  const [from, to] = [finite(before.sample_rate), finite(after.sample_rate)];
  return [
    ...(isSameLayout(before, after) ? [] : [`${layoutOf(after)} instead of ${layoutOf(before)}`]),
    ...(from !== undefined && to !== undefined && to < from ? [`${to} Hz instead of ${from}`] : []),
  ];
}

/** Many containers do not write the layout of one or two channels. */
function isSameLayout(before: ProbedStream, after: ProbedStream): boolean {
  if (before.channels !== after.channels) return false;
  return before.channel_layout === after.channel_layout || before.channel_layout === undefined || after.channel_layout === undefined;
}

function layoutOf({ channels, channel_layout }: ProbedStream): string {
  return channel_layout ?? (channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels ?? 'unknown'} channels`);
}
