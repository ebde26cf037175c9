import { SrvidError } from '../../errors.js';
import type { Probe, ProbedStream } from '../ffmpeg/probe.js';

/**
 * The streams that a caller wants beside the processed video. A word is a kind of stream, the number of a stream, "all"
 * or "none"; with a minus in front it drops what it names. Where the first word drops, the choice begins with all.
 * @throws SRVID_OPTION_INVALID for a stream that the source does not have
 */
export function chosenTracks({ streams }: Probe, processed: ProbedStream, words: readonly string[] = ['all']): readonly ProbedStream[] {
  const others = streams.filter(({ index }) => index !== processed.index);
  const chosen = new Set(words[0]?.startsWith('-') ? others : []);
  for (const word of words) {
    const named = streamsNamed(word.replace(/^-/, ''), others);
    for (const stream of named) {
      if (word.startsWith('-')) chosen.delete(stream);
      else chosen.add(stream);
    }
  }
  return others.filter((stream) => chosen.has(stream));
}

function streamsNamed(word: string, others: readonly ProbedStream[]): readonly ProbedStream[] {
  if (word === 'all') return others;
  if (!/^\d+$/.test(word)) return others.filter((stream) => (stream.codec_type ?? 'data') === word);
  const found = others.filter(({ index }) => index === Number(word));
  if (found.length > 0) return found;
  const there = others.map((stream) => `${stream.index} (${stream.codec_type ?? 'unknown'})`).join(', ') || 'none';
  throw new SrvidError(
    'SRVID_OPTION_INVALID',
    `--tracks names stream ${word}, but the streams beside the video are: ${there}. They are counted from 0, the video included, as ffprobe does.`,
    { tracks: word },
  );
}
