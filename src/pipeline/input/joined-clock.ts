import type { Probe } from '../ffmpeg/probe.js';

/**
 * ffmpeg's demuxers of formats that are joined by writing one file after another, so that the clock may jump. ffmpeg
 * closes such jumps, back by more than 0.1 s and forward by more than 10 s (AVFMT_TS_DISCONT).
 */
const JOINABLE = new Set(['mpegts', 'mpegtsraw', 'mpeg', 'ogg', 'hls', 'dash', 'dhav']);

/** True for formats in which the clock may begin again in mid-stream. */
export function clockMayRestart({ formatName }: Pick<Probe, 'formatName'>): boolean {
  return formatName.split(',').some((name) => JOINABLE.has(name));
}

/** Demuxers of MPEG's clocks of 33 bits at 90 kHz, which begin again at 0 after 26.5 hours. */
const WRAPPING = new Set(['mpegts', 'mpegtsraw', 'mpeg', 'hls']);

/**
 * True for formats whose clock knows no time before 0. ffmpeg tells one all the same where the clock begins again
 * within a minute after the file's beginning.
 */
export function clockWraps({ formatName }: Pick<Probe, 'formatName'>): boolean {
  return formatName.split(',').some((name) => WRAPPING.has(name));
}

/**
 * An ffmpeg output that reads streams of an input and writes nothing. ffmpeg finds a jump in whichever sound or picture
 * comes first after it, among the streams that it reads. Two processes that are to move all streams alike must
 * therefore read the same ones. Packets that overlap at a jump are moved apart, since ffmpeg's null muxer refuses them.
 */
export function watching(input: number, streams: readonly number[]): string[] {
  if (streams.length === 0) return [];
  const ascending = 'setts=ts=if(eq(PREV_OUTDTS\\,NOPTS)\\,DTS\\,max(DTS\\,PREV_OUTDTS+1))';
  return [...streams.flatMap((index) => ['-map', `${input}:${index}`]), '-c', 'copy', '-bsf', ascending, '-f', 'null', '-'];
}
