/** Time base in which ffmpeg's readers of raw streams (.264) count, which have no times. */
const RAW_TIME_BASE = '1/1200000';
/** Formats of animated pictures, which tell how long each picture is shown, but nowhere how long all of them are. */
const ANIMATION = /^(gif|apng|webp_anim|jpegxl_anim)$/;

/** The parts of a probed stream that matter here, with ffprobe's names. */
interface TimedStream {
  readonly index: number;
  readonly codec_type?: string | undefined;
  readonly time_base?: string | undefined;
  readonly start_time?: string | undefined;
  readonly duration?: string | undefined;
}

/** The parts of a probe that matter here. */
interface TimedProbe<Stream extends TimedStream> {
  readonly formatName: string;
  readonly streams: readonly Stream[];
  readonly startSeconds: number | undefined;
  readonly durationSeconds: number | undefined;
}

/** One packet of a stream, in seconds; undefined for "N/A". */
export interface PacketTime {
  readonly pts: number | undefined;
  readonly duration: number | undefined;
}

/** The animation in a probe whose start or duration ffprobe does not tell; undefined for all else. */
export function untoldAnimation<Stream extends TimedStream>({ formatName, streams }: TimedProbe<Stream>): Stream | undefined {
  if (!ANIMATION.test(formatName)) return undefined;
  const told = (text: string | undefined) => text !== undefined && text !== 'N/A';
  return streams.find((stream) => stream.codec_type === 'video' && stream.time_base !== RAW_TIME_BASE && !(told(stream.start_time) && told(stream.duration)));
}

/** Arguments of ffprobe, before the input, that make it print a stream's packets for `parsePacketTimes`. */
export function packetArguments({ index }: TimedStream): string[] {
  return ['-v', 'error', '-select_streams', String(index), '-show_entries', 'packet=pts_time,duration_time', '-of', 'compact=print_section=0'];
}

/** Reads what ffprobe printed: a line a packet, "pts_time=0.1|duration_time=0.3". */
export function parsePacketTimes(text: string): PacketTime[] {
  const field = (line: string, name: string) => {
    const value = Number.parseFloat(new RegExp(`${name}=([^|]*)`).exec(line)?.[1] ?? '');
    return Number.isFinite(value) ? value : undefined;
  };
  return text
    .split('\n')
    .filter((line) => line.includes('pts_time='))
    .map((line) => ({ pts: field(line, 'pts_time'), duration: field(line, 'duration_time') }));
}

/** Completes a probe with the start and the duration that a stream's packets show. `whole`: they are all of its packets. */
export function withPacketTimes<Stream extends TimedStream, Probe extends TimedProbe<Stream>>(
  probe: Probe,
  stream: Stream,
  packets: readonly PacketTime[],
  whole: boolean,
): Probe {
  const times = packets.flatMap(({ pts }) => pts ?? []);
  if (times.length === 0 || times.length < packets.length) return probe;
  const begin = Math.min(...times);
  const end = Math.max(...packets.map(({ pts, duration }) => (pts ?? 0) + (duration ?? 0)));
  const told = { ...stream, start_time: String(begin), ...(whole ? { duration: String(end - begin) } : {}) };
  return {
    ...probe,
    streams: probe.streams.map((other) => (other === stream ? told : other)),
    startSeconds: probe.startSeconds ?? begin,
    durationSeconds: probe.durationSeconds ?? (whole ? end - begin : undefined),
  };
}
