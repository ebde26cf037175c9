import { finite } from '../ffmpeg/probe.js';
import { toNumber } from '../frames/time.js';
import { advanceTimecode } from '../frames/timecode.js';
import { rotationOf, type Source } from '../input/source.js';
import type { CarriedStream } from './carried-stream.js';

type Tags = Readonly<Record<string, string>>;

/** The tags of an output: ffmpeg's options that mend what is copied from the source, and a warning for what is left out. */
export interface TagPlan {
  readonly options: readonly string[];
  readonly warnings: readonly string[];
}

/** Facts from which the tags of an output are planned. */
export interface TagRequest {
  readonly source: Source;
  readonly streams: readonly CarriedStream[];
  readonly muxer: string;
  /** Seconds that are cut off the source's beginning. */
  readonly startSeconds: number;
  /** Something is cut off, so counts of the whole stream are no longer true. */
  readonly isCut: boolean;
  readonly fromPipe: boolean;
}

/** Counts and times that mkvmerge and others write for a stream, with a language at the end or without. */
const STATISTICS = /^(bps|duration|number_of_(frames|bytes)|_statistics_.*)(-\w{2,3})?$/i;
/** Words about the encoder that made a stream, the transparency that its frames had, and its bit rate. */
const OF_THE_CODING = /^(encoder|encoder_options|encoder_settings|encoded_library.*|encoding_settings|alpha_mode|variant_bitrate)(-\w{2,3})?$/i;
/** Words about a file that hold only for that file. */
const OF_THE_FILE = /^(major_brand|minor_version|compatible_brands)$/i;
/** Tags that muxers write anew. */
const REWRITTEN = /^(encoder|duration)$/i;

/** Tags that a muxer has a place for, where it has not one for all of them. */
const PLACES: Readonly<Record<string, string>> = {
  mp4:
    'title artist album_artist composer album date comment genre copyright grouping lyrics description synopsis show episode_id network keywords ' +
    'episode_sort season_number media_type hd_video gapless_playback compilation track disc tmpo location creation_time timecode',
  mov: 'title artist author album date comment genre copyright make model location keywords xmp creation_time timecode',
  avi: 'title artist album date comment genre copyright language track encoded_by timecode',
  mpegts: 'service_name service_provider',
};
/** Tags of phones and cameras. In MP4 and MOV they are items of a list of any keys, in which most players do not look for a title. */
const OF_CAMERAS = /^(com\..*|make|model)$/i;
/** A longer value than fits into a command. */
const MAX_VALUE = 1 << 16;

/**
 * Plans the tags. What the source's file says is copied by ffmpeg; here stands what must not be copied, since it would
 * be false of the output, and what changes: timecode begins where the output does.
 */
export function planTags(request: TagRequest): TagPlan {
  const { source, streams, muxer, fromPipe } = request;
  const { probe, video } = source;
  const kept = Object.entries(probe.tags).filter(([name]) => !OF_THE_FILE.test(name) && !REWRITTEN.test(name));
  const places = PLACES[muxer]?.split(' ');
  const lost = places ? kept.map(([name]) => name).filter((name) => !places.includes(withoutLanguage(name, probe.tags))) : [];
  const asKeys = (muxer === 'mp4' || muxer === 'mov') && lost.some((name) => OF_CAMERAS.test(name));
  const told = (specifier: string, tags: Tags, omitted: (name: string) => boolean) =>
    Object.entries(tags).flatMap(([name, value]) => {
      if (omitted(name)) return fromPipe ? [] : [`-metadata${specifier}`, `${name}=`];
      const changed = name.toLowerCase() === 'timecode' ? timecodeAt(request, value) : value;
      return (changed === value && !fromPipe) || name.includes('=') || changed.length > MAX_VALUE ? [] : [`-metadata${specifier}`, `${name}=${changed}`];
    });
  const isFalseOfVideo = (name: string) => STATISTICS.test(name) || OF_THE_CODING.test(name) || (rotationOf(video) !== 0 && /^rotate$/i.test(name));
  return {
    options: [
      ...told('', probe.tags, (name) => OF_THE_FILE.test(name)),
      ...told(':s:0', video.tags ?? {}, isFalseOfVideo),
      ...streams.flatMap(({ index, codec }, order) => {
        const converted = codec !== 'copy';
        const isFalse = (name: string) => ((converted || request.isCut) && STATISTICS.test(name)) || (converted && OF_THE_CODING.test(name));
        return told(`:s:${order + 1}`, probe.streams.find((stream) => stream.index === index)?.tags ?? {}, isFalse);
      }),
      ...(asKeys ? ['-movflags', '+use_metadata_tags'] : []),
    ],
    warnings:
      lost.length > 0 && !asKeys
        ? [
            `The ${lost.length === 1 ? 'tag' : 'tags'} ${lost.join(', ')} ${lost.length === 1 ? 'is' : 'are'} left out: ${muxer} has no place for ${lost.length === 1 ? 'it' : 'them'}. Write .mkv to keep ${lost.length === 1 ? 'it' : 'them'}.`,
          ]
        : [],
  };
}

/** "location-eng" beside "location" is the same tag, named again with its language. */
function withoutLanguage(name: string, tags: Tags): string {
  const base = name.replace(/-[a-z]{3}$/, '');
  return (base in tags ? base : name).toLowerCase();
}

/** The timecode of the first frame that is written. A frame before the cut is left out whole. */
function timecodeAt({ source, startSeconds }: TagRequest, timecode: string): string {
  const { video, probe, info } = source;
  if (startSeconds === 0) return timecode;
  const late = source.hasTimestamps ? Math.max(0, (finite(video.start_time) ?? 0) - (probe.startSeconds ?? 0)) : 0;
  const frames = Math.max(0, Math.ceil((startSeconds - late) * toNumber(info.frameRate) - 1e-3));
  return advanceTimecode(timecode, frames, info.frameRate) ?? timecode;
}
