import type { ProbedStream } from '../ffmpeg/probe.js';
import { type Container, matroskaHolds } from './container.js';
import type { Conversion } from './conversion.js';
import type { TrialSetting } from './muxer-trial.js';

/** Words for a stream whose kind a container does not have. */
export function withoutPlace(stream: ProbedStream, container: Container): string {
  return `${describe(stream)} is left out: ${container.muxer} has no place for it.${keptIn(stream, container)}`;
}

/** Words for a stream of standard input that the pipe to the encoder cannot carry. */
export function outside(stream: ProbedStream): string {
  return `${describe(stream)} is left out: from standard input only sound can be carried along, and not of every codec. Give the input as a file to keep it.`;
}

/** Words for a stream that can be neither copied nor converted. */
export function leftOut(stream: ProbedStream, container: Container): string {
  return `${describe(stream)} is left out: ${container.muxer} cannot hold it, and ffmpeg cannot convert it.${keptIn(stream, container)}`;
}

/** Words for a stream that is converted. */
export function becomes(source: ProbedStream, { stream, changes }: Conversion, { container, toPipe }: Pick<TrialSetting, 'container' | 'toPipe'>): string {
  const styles = source.codec_type === 'subtitle' && /^(ass|ssa)$/.test(source.codec_name ?? '') ? ', which loses its styles' : '';
  const lost = changes.length > 0 ? `, with ${changes.join(' and ')}` : '';
  const place = toPipe ? `${container.muxer} in a pipe` : container.muxer;
  return `${describe(source)} becomes ${stream.codec}${styles}${lost}, because ${place} cannot hold it as it is.${keptIn(source, container)}`;
}

/** Words for chapters that do not come along; none where they do. */
export function lostChapters(chapters: number, { chapters: held, muxer }: Container, fromPipe: boolean): readonly string[] {
  const lost = `The ${chapters} chapters are left out:`;
  return [
    ...(held ? [] : [`${lost} ${muxer} has no place for them. Write .mkv to keep them.`]),
    ...(fromPipe ? [`${lost} from standard input they cannot be carried. Give the input as a file to keep them.`] : []),
  ];
}

/** Advice for what Matroska is sure to hold. */
function keptIn({ codec_type, codec_name }: ProbedStream, { muxer }: Container): string {
  const held = matroskaHolds(codec_type ?? 'unknown', codec_name ?? 'unknown');
  return held && muxer !== 'matroska' ? ' Write .mkv to keep it as it is.' : '';
}

/** "Subtitle stream 3 (ass, eng)" */
function describe(stream: ProbedStream): string {
  const kind = stream.codec_type ?? 'unknown';
  const known = stream.codec_name ?? stream.tags?.['filename'] ?? unknownCodec(stream);
  const what = [known, stream.tags?.['language']].filter((text) => text !== undefined).join(', ');
  return `${kind[0]?.toUpperCase()}${kind.slice(1)} stream ${stream.index}${what ? ` (${what})` : ''}`;
}

/** The four letters by which the file names a codec that ffmpeg does not know. */
function unknownCodec({ codec_tag_string }: ProbedStream): string | undefined {
  return codec_tag_string && /^[\w. -]{2,}$/.test(codec_tag_string) ? `unknown codec "${codec_tag_string}"` : undefined;
}
