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
 * 5.1.1.2), of which ffmpeg chooses the nearest; the first two channels, where the channels have no layout.
 */
const FILTERS = [undefined, 'aformat=channel_layouts=mono|stereo|3.0|quad|5.0|5.1|6.1|7.1', 'pan=stereo|c0=c0|c1=c1'];

/**
 * Finds an encoder for streams of one codec and form, by trying those that their container wants: the first that keeps
 * all channels, else the one that keeps most.
 * @returns undefined where none can be used, such as for a codec that ffmpeg cannot decode
 */
export async function findConversion(setting: TrialSetting, holding: Holding, kind: TrackKind, source: ProbedStream): Promise<Conversion | undefined> {
  let best: { readonly conversion: Conversion; readonly channels: number } | undefined;
  for (const codec of encodersFor(holding, source)) {
    for (const filter of kind === 'audio' ? FILTERS : [undefined]) {
      const stream: CarriedStream = { index: source.index, kind, codec, filter };
      const found = await muxerTakes(setting, [stream]);
      if (!found) continue;
      const channels = found[0]?.channels ?? 0;
      if (!best || channels > best.channels) best = { conversion: { stream, changes: found[0] ? changesOf(source, found[0]) : [] }, channels };
      break;
    }
    if (best && best.channels >= (source.channels ?? 0)) break;
  }
  return best?.conversion;
}

function encodersFor({ becomes, keepsLossless }: Holding, { codec_name, sample_fmt, bits_per_raw_sample }: ProbedStream): readonly string[] {
  if (!keepsLossless || !LOSSLESS.test(codec_name ?? '')) return becomes;
  const exact = finite(bits_per_raw_sample) === 24 ? 'pcm_s24le' : PCM_OF[sample_fmt ?? ''];
  return exact === undefined ? becomes : [exact, ...becomes];
}

function changesOf(before: ProbedStream, after: ProbedStream): string[] {
  const layout = (stream: ProbedStream) => stream.channel_layout ?? `${stream.channels ?? '?'} channels`;
  const [from, to] = [finite(before.sample_rate), finite(after.sample_rate)];
  return [
    ...(layout(before) === layout(after) ? [] : [`${layout(after)} instead of ${layout(before)}`]),
    ...(from !== undefined && to !== undefined && to < from ? [`${to} Hz instead of ${from}`] : []),
  ];
}
