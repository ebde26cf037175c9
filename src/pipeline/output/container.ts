import { extname } from 'node:path';
import { SrvidError } from '../../errors.js';
import { didYouMean } from '../../similar-name.js';
import { sequenceOf } from '../input/pictures.js';

/** The kinds of streams beside the processed video, as ffmpeg names them. `video` is a further picture: a cover, a second camera. */
export type TrackKind = 'audio' | 'subtitle' | 'video' | 'attachment' | 'data';

/** An output container, and what to try with the streams that are carried along. Codecs and encoders have ffmpeg's names. */
export interface Container {
  /** Name of ffmpeg's muxer. */
  readonly muxer: string;
  /** Name of its muxer for pipes, where that is another. */
  readonly pipeMuxer?: string;
  /** The kind of picture, where it holds pictures: ffmpeg has one muxer for all. */
  readonly picture?: 'png' | 'jpeg';
  /** It holds one picture, and no more. */
  readonly isSingle?: boolean;
  /** It holds pictures alone: no tags, and no times but a rate. */
  readonly isBare?: boolean;
  /** Streams of a kind that is missing are left out. */
  readonly holds: { readonly [kind in TrackKind]?: Holding };
  /** The form of cover art: a file attached, a picture stream, or neither. */
  readonly covers: 'attached' | 'stream' | 'none';
  readonly chapters: boolean;
  /** True where the container keeps a timecode that is a tag of the source: as a track, or as a tag again. */
  readonly timecode: boolean;
  /** True where no packet can have a time before 0. ffmpeg's muxer would then move every stream. */
  readonly beginsAtZero: boolean;
  /** True where it tells how much of a sound's beginning is an encoder's delay. That may then lie before 0, and moves nothing. */
  readonly tellsDelay?: boolean;
  /** Further options of the muxer. `stream` is true where the output is a pipe, in which ffmpeg cannot seek back. */
  readonly options: (stream: boolean) => readonly string[];
}

/** The codecs that one kind of stream may become. The muxer of the user's ffmpeg is asked about every codec that is not in `sure`. */
export interface Holding {
  /** Codecs that the muxers of all versions take, so that common files begin without asking. */
  readonly sure: ReadonlySet<string>;
  /** Encoders for what the muxer does not take, best first. */
  readonly becomes: readonly string[];
  /** Sound that was stored without loss becomes PCM of its own depth, before `becomes`. */
  readonly keepsLossless: boolean;
}

/** The properties of a container into which nothing is carried along. */
export const NOTHING_CARRIED = { holds: {}, covers: 'none', chapters: false, timecode: false, beginsAtZero: false } as const;

const words = (text: string) => (text === '' ? [] : text.split(' '));
const ask = (sure = '', becomes = '', keepsLossless = false): Holding => ({ sure: new Set(words(sure)), becomes: words(becomes), keepsLossless });
const noOptions = () => [];
const mp4Options = (stream: boolean) => [
  // The index waits for the first packets: AAC from MPEG-TS, AC-3 and E-AC-3 say only in them what it must hold, and times before 0 need it.
  ...['-movflags', stream ? '+frag_keyframe+empty_moov+delay_moov+default_base_moof' : '+faststart'],
  ...['-strict', 'experimental'], // For ffmpeg 5, FLAC in MP4 is experimental.
  ...['-strict:v:0', 'normal'], // Pictures stay within their standards: JPEG of limited range is none.
];

const MP4_AUDIO = 'aac mp3 ac3 eac3 alac';
const MP4 = {
  holds: { audio: ask(`${MP4_AUDIO} opus flac`, 'aac libmp3lame'), video: ask('mjpeg png'), subtitle: ask('mov_text', 'mov_text'), data: ask() },
  ...({ covers: 'stream', chapters: true, timecode: true, beginsAtZero: false } as const),
  options: mp4Options,
};

const PICTURES = { ...NOTHING_CARRIED, muxer: 'image2', pipeMuxer: 'image2pipe', isBare: true, options: noOptions } as const;

const CONTAINERS: Readonly<Record<string, Container>> = {
  mp4: { ...MP4, muxer: 'mp4' },
  mov: { ...MP4, muxer: 'mov', holds: { ...MP4.holds, audio: ask(`${MP4_AUDIO} pcm_s16le pcm_s24le pcm_s16be pcm_s24be`, 'aac pcm_s16le', true) } },
  matroska: {
    muxer: 'matroska',
    holds: {
      audio: ask('aac mp3 mp2 ac3 eac3 dts truehd opus vorbis flac alac pcm_s16le pcm_s24le', 'aac flac pcm_s16le', true),
      video: ask('h264 hevc mjpeg png'),
      subtitle: ask('subrip ass webvtt hdmv_pgs_subtitle dvd_subtitle dvb_subtitle', 'subrip'),
      attachment: ask(),
      data: ask(),
    },
    ...({ covers: 'attached', chapters: true, timecode: true, beginsAtZero: true, tellsDelay: true } as const),
    options: noOptions,
  },
  webm: {
    muxer: 'webm',
    holds: { audio: ask('opus vorbis', 'libopus libvorbis opus'), video: ask('vp8 vp9'), subtitle: ask('webvtt', 'webvtt'), data: ask() },
    ...({ covers: 'none', chapters: true, timecode: true, beginsAtZero: true, tellsDelay: true } as const),
    options: () => ['-strict', 'experimental'], // ffmpeg's own Opus encoder, for builds without libopus, is experimental.
  },
  mpegts: {
    muxer: 'mpegts',
    holds: {
      audio: ask('aac mp3 mp2 ac3', 'aac ac3 mp2'),
      video: ask('h264 hevc mpeg2video'),
      subtitle: ask('dvb_subtitle dvb_teletext hdmv_pgs_subtitle'),
      data: ask(),
    },
    ...({ covers: 'none', chapters: false, timecode: false, beginsAtZero: false } as const),
    options: noOptions,
  },
  avi: {
    muxer: 'avi',
    holds: { audio: ask('mp3 ac3 pcm_s16le', 'libmp3lame ac3 mp2', true) },
    ...({ covers: 'none', chapters: false, timecode: false, beginsAtZero: true } as const),
    options: noOptions,
  },
  gif: { ...NOTHING_CARRIED, muxer: 'gif', options: noOptions },
  png: { ...PICTURES, picture: 'png' },
  jpeg: { ...PICTURES, picture: 'jpeg' },
  y4m: { ...NOTHING_CARRIED, muxer: 'yuv4mpegpipe', isBare: true, options: noOptions },
  nut: {
    muxer: 'nut',
    holds: { audio: ask('aac mp3 ac3 opus vorbis pcm_s16le', 'flac pcm_s16le', true), video: ask('h264 hevc'), subtitle: ask(), data: ask() },
    ...({ covers: 'stream', chapters: true, timecode: true, beginsAtZero: true } as const),
    options: noOptions,
  },
};

const BY_EXTENSION: Readonly<Record<string, keyof typeof CONTAINERS>> = {
  '.mp4': 'mp4',
  '.m4v': 'mp4',
  '.mov': 'mov',
  '.mkv': 'matroska',
  '.webm': 'webm',
  '.ts': 'mpegts',
  '.m2ts': 'mpegts',
  '.avi': 'avi',
  '.nut': 'nut',
  '.png': 'png',
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.gif': 'gif',
  '.y4m': 'y4m',
};

/** True where Matroska is sure to keep a stream as it is. */
export function matroskaHolds(kind: string, codec: string): boolean {
  const holds: Readonly<Record<string, Holding | undefined>> = CONTAINERS['matroska']?.holds ?? {};
  return kind === 'attachment' || holds[kind]?.sure.has(codec) === true;
}

/**
 * Finds the container to write: `format` (a muxer's name) where given, else by the extension of `output`.
 * @throws SRVID_OUTPUT_FORMAT
 */
export function containerFor(output: string, format: string | undefined): Container {
  if (format !== undefined) {
    const name = Object.hasOwn(CONTAINERS, format) ? format : BY_EXTENSION[`.${format}`];
    const found = name === undefined ? undefined : CONTAINERS[name];
    if (found) return forOutput(found, output);
    throw new SrvidError(
      'SRVID_OUTPUT_FORMAT',
      `Expected --format to be one of ${Object.keys(CONTAINERS).join(', ')} but received "${format}".${didYouMean(format, [...Object.keys(CONTAINERS), ...Object.keys(BY_EXTENSION).map((name) => name.slice(1))])}`,
      {
        format,
      },
    );
  }
  const found = CONTAINERS[BY_EXTENSION[extname(output).toLowerCase()] ?? ''];
  if (found) return forOutput(found, output);
  const what = output === '-' ? 'A stream has no name to tell the kind of file by' : `The name ${output} does not tell the kind of file to write`;
  throw new SrvidError(
    'SRVID_OUTPUT_FORMAT',
    `${what}. ${output === '-' ? '' : `Let it end in one of ${Object.keys(BY_EXTENSION).join(', ')}, or `}give --format with one of ${Object.keys(CONTAINERS).join(', ')}.`,
    { output },
  );
}

/** True for a name whose ending tells the container to write. */
export function hasKnownEnding(name: string): boolean {
  return Object.hasOwn(BY_EXTENSION, extname(name).toLowerCase());
}

/**
 * The ending of an output that is named after a source: that of the container `format` where given, else the source's own, and .mkv, which
 * holds the most, where srvid does not write the source's kind of file.
 * @throws SRVID_OUTPUT_FORMAT
 */
export function endingFor(source: string, format: string | undefined): string {
  const own = extname(source);
  if (format === undefined) return hasKnownEnding(source) ? own : '.mkv';
  const { muxer, picture } = containerFor(source, format);
  const means = (extension: string) => {
    const container = CONTAINERS[BY_EXTENSION[extension.toLowerCase()] ?? ''];
    return container?.muxer === muxer && container.picture === picture;
  };
  return means(own) ? own : (Object.keys(BY_EXTENSION).find(means) as string);
}

/** A picture whose name has no number is one picture, which ffmpeg would else number. */
function forOutput(container: Container, output: string): Container {
  if (container.muxer !== 'image2' || output === '-' || sequenceOf(output)) return container;
  return { ...container, isSingle: true, options: () => ['-update', '1'] };
}

/** The error of a source that does not fit into one picture. `found` says what it has. */
export function tooManyPictures(found: string): SrvidError {
  return new SrvidError(
    'SRVID_OUTPUT_FORMAT',
    `The output is one picture, but the source has ${found}. Give numbered pictures, such as out-%05d.png, or the frame that you want by --start and a --duration as short as a frame.`,
    { found },
  );
}
