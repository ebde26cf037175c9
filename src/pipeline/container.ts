import { extname } from 'node:path';
import { SrvidError } from '../errors.js';
import type { ProbedStream } from './probe.js';

/** What a kind of output file can hold. */
export interface Container {
  /** ffmpeg's muxer. */
  readonly muxer: string;
  /** Audio codecs it takes as they are; undefined: any. */
  readonly audio: ReadonlySet<string> | undefined;
  /** What other audio is turned into. */
  readonly audioFallback: string;
  /** Further options of the muxer; `stream` where the output is a pipe, which cannot be gone back in. */
  readonly options: (stream: boolean) => readonly string[];
}

const MP4_AUDIO = new Set(['aac', 'mp3', 'mp2', 'ac3', 'eac3', 'alac', 'opus', 'flac', 'dts']);
const none = () => [];
const mp4Options = (stream: boolean) => ['-movflags', stream ? '+frag_keyframe+empty_moov+default_base_moof' : '+faststart'];

const CONTAINERS: Readonly<Record<string, Container>> = {
  mp4: { muxer: 'mp4', audio: MP4_AUDIO, audioFallback: 'aac', options: mp4Options },
  mov: { muxer: 'mov', audio: new Set([...MP4_AUDIO, 'pcm_s16le', 'pcm_s24le', 'pcm_s16be', 'pcm_s24be']), audioFallback: 'aac', options: mp4Options },
  matroska: { muxer: 'matroska', audio: undefined, audioFallback: 'flac', options: none },
  webm: { muxer: 'webm', audio: new Set(['opus', 'vorbis']), audioFallback: 'libopus', options: none },
  mpegts: { muxer: 'mpegts', audio: new Set(['aac', 'mp3', 'mp2', 'ac3', 'eac3', 'dts', 'opus']), audioFallback: 'aac', options: none },
  avi: { muxer: 'avi', audio: new Set(['mp3', 'mp2', 'ac3', 'aac', 'pcm_s16le', 'flac']), audioFallback: 'libmp3lame', options: none },
  nut: { muxer: 'nut', audio: undefined, audioFallback: 'flac', options: none },
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
 * The kind of file to write: `format` (a muxer's name) where given, else by the name's extension.
 * @throws SRVID_OUTPUT_FORMAT
 */
export function containerFor(output: string, format: string | undefined): Container {
  if (format !== undefined) {
    const name = Object.hasOwn(CONTAINERS, format) ? format : BY_EXTENSION[`.${format}`];
    const found = name === undefined ? undefined : CONTAINERS[name];
    if (found) return found;
    throw new SrvidError('SRVID_OUTPUT_FORMAT', `Expected --format to be one of ${Object.keys(CONTAINERS).join(', ')} but received "${format}".`, { format });
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

/** How each audio stream goes into a container: options of the encoder command, in the order of mapping, and warnings. */
export function carryAudio(container: Container, audio: readonly ProbedStream[]): { options: string[]; warnings: string[] } {
  const options: string[] = [];
  const warnings: string[] = [];
  for (const [index, stream] of audio.entries()) {
    const codec = stream.codec_name ?? 'unknown';
    const fits = container.audio?.has(codec) ?? true;
    options.push(`-c:a:${index}`, fits ? 'copy' : container.audioFallback);
    if (!fits)
      warnings.push(
        `Audio track ${index + 1} is ${codec}, which ${container.muxer} cannot hold; it is encoded anew as ${container.audioFallback}. Write .mkv to keep it.`,
      );
  }
  return { options, warnings };
}
