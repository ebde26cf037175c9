import type { Probe, ProbedStream } from '../ffmpeg/probe.js';
import type { Container } from './container.js';

/** A stream of the source that goes to the output unprocessed, beside the processed video. */
export interface CarriedStream {
  /** Its index in the source. */
  readonly index: number;
  /** 'copy', or the name of the encoder whose codec the container can hold. */
  readonly codec: string;
}

/** The streams that are carried to the output, and warnings about those that are converted or left out. */
export interface CarryPlan {
  readonly streams: readonly CarriedStream[];
  /** Cover art that must be taken out of the source and attached anew. */
  readonly covers: readonly ProbedStream[];
  readonly warnings: readonly string[];
}

/** Subtitle codecs that hold text and so can be converted to another text codec. The others hold pictures. */
const TEXT_SUBTITLES = new Set([
  'subrip',
  'ass',
  'ssa',
  'webvtt',
  'mov_text',
  'text',
  'srt',
  'stl',
  'microdvd',
  'sami',
  'realtext',
  'subviewer',
  'ttml',
  'eia_608',
]);

/**
 * Decides about every stream but `processed`. `fromPipe`: the source is standard input, from which only sound whose
 * codec survives NUT can be carried.
 */
export function planCarry(container: Container, probe: Probe, processed: ProbedStream, fromPipe = false): CarryPlan {
  const streams: CarriedStream[] = [];
  const covers: ProbedStream[] = [];
  const warnings: string[] = [];
  for (const stream of probe.streams) {
    if (stream.index === processed.index) continue;
    if (container.coversAreAttached && !fromPipe && stream.disposition?.['attached_pic']) {
      covers.push(stream);
      continue;
    }
    const { codec, warning } = fromPipe && !survivesPipe(stream) ? { codec: undefined, warning: outside(stream) } : carried(container, stream);
    if (codec) streams.push({ index: stream.index, codec });
    if (warning) warnings.push(warning);
  }
  if (probe.chapters > 0 && !container.chapters)
    warnings.push(`The ${probe.chapters} chapters are left out: ${container.muxer} has no place for them. Write .mkv to keep them.`);
  if (fromPipe && probe.chapters > 0)
    warnings.push(`The ${probe.chapters} chapters are left out: from standard input they cannot be carried. Give the input as a file to keep them.`);
  return { streams, covers, warnings };
}

function carried(container: Container, stream: ProbedStream): { codec: string | undefined; warning?: string } {
  const kind = stream.codec_type;
  const codec = stream.codec_name ?? 'unknown';
  const holding = kind === 'audio' || kind === 'subtitle' || kind === 'video' || kind === 'attachment' ? container[kind] : undefined;
  if (!holding)
    return { codec: undefined, warning: `${describe(stream)} is left out: ffmpeg cannot carry ${kind ?? 'unknown'} streams into ${container.muxer}.` };
  if (holding.copies === 'all' || (holding.copies !== 'none' && holding.copies.has(codec))) return { codec: 'copy' };
  const convertible = kind === 'audio' || (kind === 'subtitle' && TEXT_SUBTITLES.has(codec));
  if (holding.fallback && convertible) {
    const lost = kind === 'subtitle' && /^(ass|ssa)$/.test(codec) ? ', which loses its styles' : '';
    return {
      codec: holding.fallback,
      warning: `${describe(stream)} becomes ${holding.fallback}${lost}, because ${container.muxer} cannot hold ${codec}. Write .mkv to keep it as it is.`,
    };
  }
  return { codec: undefined, warning: `${describe(stream)} is left out: ${container.muxer} cannot hold it. Write .mkv to keep it.` };
}

/** True for codecs that NUT carries completely. It has no tag for others, or drops the data beside their packets. */
function survivesPipe({ codec_type, codec_name }: ProbedStream): boolean {
  return codec_type === 'audio' && /^(aac|mp2|mp3|ac3|vorbis|opus|pcm_(s16|s24|s32)le)$/.test(codec_name ?? '');
}

function outside(stream: ProbedStream): string {
  return `${describe(stream)} is left out: from standard input only sound can be carried along, and not of every codec. Give the input as a file to keep it.`;
}

/** "Subtitle stream 3 (ass, eng)" */
function describe(stream: ProbedStream): string {
  const kind = stream.codec_type ?? 'unknown';
  const what = [stream.codec_name ?? stream.tags?.['filename'], stream.tags?.['language']].filter((text) => text !== undefined).join(', ');
  return `${kind[0]?.toUpperCase()}${kind.slice(1)} stream ${stream.index}${what ? ` (${what})` : ''}`;
}
