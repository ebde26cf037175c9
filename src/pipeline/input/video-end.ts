import { finite, type Probe, type ProbedStream } from '../ffmpeg/probe.js';
import { clockMayRestart } from './joined-clock.js';

/**
 * End of a video's last frame in seconds of the container's clock: what stream or container tell about its length.
 * Undefined where they do not tell, or only guess from the last time they find.
 */
export function endOf(probe: Probe, video: ProbedStream): number | undefined {
  if (clockMayRestart(probe)) return undefined;
  const begins = finite(video.start_time) ?? probe.startSeconds ?? 0;
  const lasts = finite(video.duration);
  if (lasts !== undefined) return begins + lasts;
  const tagged = Object.entries(video.tags ?? {}).find(([name]) => /^DURATION(-\w+)?$/.test(name));
  if (tagged) return clockSeconds(tagged[1]);
  const alone = probe.streams.every(({ codec_type }, index) => codec_type !== 'audio' && (codec_type !== 'video' || probe.streams[index] === video));
  return alone && probe.durationSeconds !== undefined ? (probe.startSeconds ?? 0) + probe.durationSeconds : undefined;
}

/** Matroska's tag "00:00:05.900000000", which counts from the clock's 0. */
function clockSeconds(text: string): number | undefined {
  const [, hours, minutes, seconds] = /^(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  return seconds === undefined ? undefined : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
