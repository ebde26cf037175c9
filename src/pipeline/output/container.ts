import { extname } from 'node:path';
import { SrvidError } from '../../errors.js';
import { didYouMean } from '../../similar-name.js';

/** An output container and the streams that it can hold. Codecs have ffmpeg's names. */
export interface Container {
  /** Name of ffmpeg's muxer. */
  readonly muxer: string;
  readonly audio: Holding;
  readonly subtitle: Holding;
  /** Further pictures beside the video that is processed: cover art, a second camera. */
  readonly video: Holding;
  readonly attachment: Holding;
  readonly chapters: boolean;
  /** Cover art is an attachment in this container, not a picture stream. */
  readonly coversAreAttached?: boolean;
  /** Further options of the muxer. `stream` is true where the output is a pipe, in which ffmpeg cannot seek back. */
  readonly options: (stream: boolean) => readonly string[];
}

/**
 * The codecs of one kind of stream that are copied, and the encoder for all others; without a fallback they are left
 * out.
 */
interface Holding {
  readonly copies: ReadonlySet<string> | 'all' | 'none';
  readonly fallback?: string;
}

const ALL: Holding = { copies: 'all' };
const NONE: Holding = { copies: 'none' };
const only = (codecs: string, fallback?: string): Holding => ({ copies: new Set(codecs.split(' ')), ...(fallback ? { fallback } : {}) });
const noOptions = () => [];
const mp4Options = (stream: boolean) => [
  ...['-movflags', stream ? '+frag_keyframe+empty_moov+default_base_moof' : '+faststart'],
  ...['-strict', 'experimental'], // For ffmpeg 5, FLAC in MP4 is experimental.
  ...['-strict:v:0', 'normal'], // Pictures stay within their standards: JPEG of limited range is none.
];

const MP4_AUDIO = 'aac mp3 mp2 ac3 eac3 alac opus flac dts';
const MP4_VIDEO = 'h264 hevc av1 vp9 mpeg4 mpeg2video mjpeg png';
const mp4 = { video: only(MP4_VIDEO), subtitle: only('mov_text dvd_subtitle', 'mov_text'), attachment: NONE, chapters: true, options: mp4Options };

const CONTAINERS: Readonly<Record<string, Container>> = {
  mp4: { ...mp4, muxer: 'mp4', audio: only(MP4_AUDIO, 'aac') },
  mov: { ...mp4, muxer: 'mov', audio: only(`${MP4_AUDIO} pcm_s16le pcm_s24le pcm_s16be pcm_s24be`, 'aac') },
  matroska: {
    muxer: 'matroska',
    audio: ALL,
    video: ALL,
    subtitle: only('subrip ass ssa webvtt text hdmv_pgs_subtitle dvd_subtitle dvb_subtitle hdmv_text_subtitle', 'subrip'),
    attachment: ALL,
    coversAreAttached: true,
    chapters: true,
    options: noOptions,
  },
  webm: {
    muxer: 'webm',
    audio: only('opus vorbis', 'libopus'),
    video: only('vp8 vp9 av1'),
    subtitle: only('webvtt', 'webvtt'),
    attachment: NONE,
    chapters: true,
    options: noOptions,
  },
  mpegts: {
    muxer: 'mpegts',
    audio: only('aac mp3 mp2 ac3 eac3 dts opus', 'aac'),
    video: only('h264 hevc mpeg2video'),
    subtitle: only('dvb_subtitle dvb_teletext hdmv_pgs_subtitle'),
    attachment: NONE,
    chapters: false,
    options: noOptions,
  },
  avi: {
    muxer: 'avi',
    audio: only('mp3 mp2 ac3 aac pcm_s16le flac', 'libmp3lame'),
    video: NONE,
    subtitle: NONE,
    attachment: NONE,
    chapters: false,
    options: noOptions,
  },
  nut: { muxer: 'nut', audio: ALL, video: ALL, subtitle: ALL, attachment: NONE, chapters: true, options: noOptions },
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
};

/**
 * Finds the container to write: `format` (a muxer's name) where given, else by the extension of `output`.
 * @throws SRVID_OUTPUT_FORMAT
 */
export function containerFor(output: string, format: string | undefined): Container {
  if (format !== undefined) {
    const name = Object.hasOwn(CONTAINERS, format) ? format : BY_EXTENSION[`.${format}`];
    const found = name === undefined ? undefined : CONTAINERS[name];
    if (found) return found;
    throw new SrvidError(
      'SRVID_OUTPUT_FORMAT',
      `Expected --format to be one of ${Object.keys(CONTAINERS).join(', ')} but received "${format}".${didYouMean(format, [...Object.keys(CONTAINERS), ...Object.keys(BY_EXTENSION).map((name) => name.slice(1))])}`,
      {
        format,
      },
    );
  }
  const found = CONTAINERS[BY_EXTENSION[extname(output).toLowerCase()] ?? ''];
  if (found) return found;
  const what = output === '-' ? 'Standard output has no name to tell the kind of file by' : `The name ${output} does not tell the kind of file to write`;
  throw new SrvidError(
    'SRVID_OUTPUT_FORMAT',
    `${what}. ${output === '-' ? '' : `Let it end in one of ${Object.keys(BY_EXTENSION).join(', ')}, or `}give --format with one of ${Object.keys(CONTAINERS).join(', ')}.`,
    { output },
  );
}
