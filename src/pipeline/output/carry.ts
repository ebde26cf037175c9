import type { Probe, ProbedStream } from '../ffmpeg/probe.js';
import type { CarriedStream } from './carried-stream.js';
import { becomes, leftOut, lostChapters, outside, withoutPlace } from './carry-messages.js';
import type { Holding, TrackKind } from './container.js';
import { findConversion } from './conversion.js';
import { muxerTakes, muxerTakesAll, type TrialSetting } from './muxer-trial.js';
import { chosenTracks } from './track-choice.js';

/** The streams that are carried to the output, and warnings about those that are converted or left out. */
export interface CarryPlan {
  readonly streams: readonly CarriedStream[];
  /** Cover art that must be taken out of the source and attached anew. */
  readonly covers: readonly ProbedStream[];
  readonly warnings: readonly string[];
}

/** A source, an output, and the caller's wishes for the streams beside the processed video. */
export interface CarryRequest extends TrialSetting {
  readonly probe: Probe;
  readonly processed: ProbedStream;
  /** Words of the option `tracks`. */
  readonly tracks: readonly string[] | undefined;
}

/** One stream to carry along, and what its container may do with it. */
interface Candidate {
  readonly source: ProbedStream;
  readonly kind: TrackKind;
  readonly holding: Holding;
}

/** The fate of one stream. */
interface Fate {
  readonly stream?: CarriedStream;
  readonly warning?: string;
}

/**
 * Decides about every stream but the processed one. What the muxer takes is copied, and the muxer of the user's ffmpeg
 * is asked, unless the codec is one that all take. The rest is converted where ffmpeg can, and named in a warning.
 * @throws SRVID_OPTION_INVALID for tracks that the source does not have
 */
export async function planCarry(request: CarryRequest): Promise<CarryPlan> {
  const { container, probe, processed, head } = request;
  const covers: ProbedStream[] = [];
  const fates = new Map<number, Fate>();
  const candidates: Candidate[] = [];
  for (const source of chosenTracks(probe, processed, request.tracks)) {
    const isCover = source.disposition?.['attached_pic'] === 1;
    const kind = kindOf(source);
    const holding = kind && !(isCover && container.covers === 'none') ? container.holds[kind] : undefined;
    if (isCover && container.covers === 'attached' && !head) covers.push(source);
    else if (isRebuilt(source, request)) continue;
    else if (head && !survivesPipe(source)) fates.set(source.index, { warning: outside(source) });
    else if (!holding || !kind) fates.set(source.index, { warning: withoutPlace(source, container) });
    else candidates.push({ source, kind, holding });
  }
  for (const [index, fate] of await settled(request, candidates)) fates.set(index, fate);
  const inOrder = [...fates].toSorted(([a], [b]) => a - b).map(([, fate]) => fate);
  return {
    streams: inOrder.flatMap(({ stream }) => stream ?? []),
    covers,
    warnings: [...inOrder.flatMap(({ warning }) => warning ?? []), ...(probe.chapters > 0 ? lostChapters(probe.chapters, container, head !== undefined) : [])],
  };
}

/** The fates of candidates, by their index. All are asked about at once, and only after a refusal one form after the other. */
async function settled(request: CarryRequest, candidates: readonly Candidate[]): Promise<ReadonlyMap<number, Fate>> {
  const unsure = candidates.filter((candidate) => !isSure(candidate, request));
  const fates = new Map<number, Fate>(candidates.map((candidate) => [candidate.source.index, { stream: copyOf(candidate, request) }]));
  if (unsure.length === 0 || (await copies(request, unsure))) return fates;
  const forms = byForm(unsure);
  for (const alike of forms) {
    if (forms.length > 1 && (await copies(request, alike))) continue;
    const first = alike[0] as Candidate;
    const conversion = await findConversion(request, first.holding, first.kind, first.source);
    for (const { source } of alike)
      fates.set(
        source.index,
        conversion
          ? { stream: { ...conversion.stream, index: source.index }, warning: becomes(source, conversion, request) }
          : { warning: leftOut(source, request.container) },
      );
  }
  return fates;
}

/** True where no muxer need be asked. Of AAC with ADTS headers a header that is written once cannot say what it must. */
function isSure({ source, holding }: Candidate, { salvage, toPipe }: CarryRequest): boolean {
  const isBare = source.codec_name === 'aac' && source.extradata_size === undefined;
  return !salvage && holding.sure.has(source.codec_name ?? '') && !(isBare && toPipe);
}

/** Asks whether all of these can be copied as they are. */
async function copies(request: CarryRequest, candidates: readonly Candidate[]): Promise<boolean> {
  const streams = candidates.map((candidate) => copyOf(candidate, request));
  const found = await muxerTakes(request, streams);
  if (!found) return false;
  const same = candidates.every(({ source }, order) => found[order] === undefined || isSameCodec(source, found[order]));
  return same && (!request.salvage || request.head !== undefined || (await muxerTakesAll(request, streams)));
}

/** A demuxer may find another name for data whose codec ffmpeg does not know. */
function isSameCodec(before: ProbedStream, after: ProbedStream): boolean {
  return before.codec_name === after.codec_name && (before.codec_name !== undefined || before.codec_tag_string === after.codec_tag_string);
}

/**
 * ADTS headers, which AAC has in MPEG-TS, are taken off by a filter that these muxers add by themselves, but not where
 * MP4 is written to a pipe. Where one is damaged, the muxer's filter ends the run; the same filter by name leaves out
 * the damaged packet.
 */
function copyOf({ source, kind }: Candidate, { salvage, toPipe, container }: CarryRequest): CarriedStream {
  const needed = source.codec_name === 'aac' && (salvage ? /^(mp4|mov|matroska)$/ : /^(mp4|mov)$/).test(container.muxer);
  return { index: source.index, kind, codec: 'copy', ...(needed && (salvage || toPipe) ? { bitstreamFilter: 'aac_adtstoasc' } : {}) };
}

/** Candidates in groups that are taken, or not taken, alike. */
function byForm(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { codec_type, codec_name, codec_tag_string, channels, channel_layout, sample_fmt, tags } = candidate.source;
    const form = [codec_type, codec_name, codec_tag_string, channels, channel_layout, sample_fmt, tags?.['mimetype']].join();
    groups.set(form, [...(groups.get(form) ?? []), candidate]);
  }
  return [...groups.values()];
}

function kindOf({ codec_type }: ProbedStream): TrackKind | undefined {
  return codec_type === 'audio' || codec_type === 'subtitle' || codec_type === 'video' || codec_type === 'attachment' || codec_type === 'data'
    ? codec_type
    : undefined;
}

/**
 * Data that ffmpeg makes anew in the output from what it has read elsewhere: the text track of an MP4's chapters, and
 * the timecode track, which the demuxer has given to the video as a tag.
 */
function isRebuilt({ codec_type, codec_tag_string, tags }: ProbedStream, { container, probe, processed, head }: CarryRequest): boolean {
  if (codec_type !== 'data') return false;
  if (codec_tag_string === 'text' || codec_tag_string === 'tx3g') return probe.chapters > 0;
  return codec_tag_string === 'tmcd' && container.timecode && !head && tags?.['timecode'] !== undefined && tags['timecode'] === processed.tags?.['timecode'];
}

/** True for codecs that NUT carries completely. It has no tag for others, or drops the data beside their packets. */
function survivesPipe({ codec_type, codec_name }: ProbedStream): boolean {
  return codec_type === 'audio' && /^(aac|mp2|mp3|ac3|vorbis|opus|pcm_(s16|s24|s32)le)$/.test(codec_name ?? '');
}
