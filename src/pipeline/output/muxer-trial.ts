import { open, rm } from 'node:fs/promises';
import { devNull } from 'node:os';
import { join } from 'node:path';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { type CommandInput, commandArguments, fileUrl } from '../ffmpeg/command.js';
import { type Probe, type ProbedStream, probeFile } from '../ffmpeg/probe.js';
import { FfmpegProcess } from '../ffmpeg/process.js';
import { PATIENCE_MS, withTimeout } from '../frames/timeout.js';
import { type CarriedStream, codecOptions } from './carried-stream.js';
import type { Container, TrackKind } from './container.js';
import { makeTemporaryFolder } from './temporary-folder.js';

/** The source and the output for which a muxer is asked. */
export interface TrialSetting {
  readonly binary: FfmpegBinary;
  readonly container: Container;
  /** The output is a pipe. */
  readonly toPipe: boolean;
  readonly input: CommandInput;
  /** The first bytes of a source that can be read only once. */
  readonly head: Uint8Array | undefined;
  /** Damage is passed over. */
  readonly salvage: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Packets in a trial, enough for a demuxer to know the codec again. Cover art has one; subtitles and data may come late. */
const PACKETS: { readonly [kind in TrackKind]: number } = { audio: 8, video: 1, subtitle: 0, data: 0, attachment: 0 };
/** Muxers that write nothing before the first packet. */
const WITHOUT_HEADER = new Set(['mpegts']);
/** Time for all packets of a long source. */
const THOROUGH_MS = 600_000;
/** ffmpeg's words where a muxer takes a stream that no demuxer will know again. */
const UNKNOWN_AGAIN = /may not be recognized upon reading/;

/**
 * Asks the user's ffmpeg whether its muxer takes these streams, by writing the real headers and first packets to a
 * temporary file and reading them back. Of subtitles and data, which may come late, only the header is written; so it is of sound that
 * `PATIENCE_MS` do not reach.
 * @returns the streams as they were read back, in order; undefined where the muxer refuses one, or one is not known
 * again. A header without packets may be read back as nothing, and is accepted
 */
export async function muxerTakes(setting: TrialSetting, streams: readonly CarriedStream[]): Promise<readonly (ProbedStream | undefined)[] | undefined> {
  const folder = await makeTemporaryFolder('tracks');
  try {
    const path = join(folder, 'trial');
    const leastPackets = WITHOUT_HEADER.has(setting.container.muxer) ? 1 : 0;
    const packets = streams.flatMap(({ kind }, order) => [`-frames:${order}`, String(Math.max(PACKETS[kind], leastPackets))]);
    const log = await runs(setting, streams, packets, path, PATIENCE_MS);
    if (!log || log.some((line) => UNKNOWN_AGAIN.test(line))) return undefined;
    const probe = await probeFile(setting.binary, path).catch((): Pick<Probe, 'streams'> => ({ streams: [] }));
    const found = streams.map((_, order) => probe.streams[order]);
    const known = streams.every(({ kind }, order) => (found[order] ? found[order].codec_type === kind : Math.max(PACKETS[kind], leastPackets) === 0));
    return known ? found : undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Asks in the same way with every packet of the streams, which finds what is damaged far within. Nothing is kept. */
export async function muxerTakesAll(setting: TrialSetting, streams: readonly CarriedStream[]): Promise<boolean> {
  return (await runs(setting, streams, [], devNull, THOROUGH_MS)) !== undefined;
}

/** Runs ffmpeg on the streams alone, for no longer than `limitMs`. @returns what it said; undefined where it failed */
async function runs(
  { binary, container, toPipe, input, head, salvage, signal }: TrialSetting,
  streams: readonly CarriedStream[],
  limits: readonly string[],
  path: string,
  limitMs: number,
): Promise<readonly string[] | undefined> {
  const outputOptions = [
    ...streams.flatMap((stream, order) => ['-map', `0:${stream.index}`, ...codecOptions(stream, order)]),
    ...limits,
    ...(salvage ? ['-max_error_rate', '1'] : []),
    ...container.options(toPipe || path === devNull), // What is kept nowhere cannot be read again to be put in another order.
    ...['-f', container.muxer],
  ];
  const target = await open(path, 'w');
  const output = toPipe ? 'pipe:1' : fileUrl(path);
  const command = { inputs: [{ url: input.url, options: ['-copyts', ...input.options] }], outputOptions, output };
  const process = new FfmpegProcess({
    path: binary.ffmpeg,
    args: commandArguments(command),
    purpose: `ask ${container.muxer} for its tracks`,
    failure: 'SRVID_ENCODE_FAILED',
    stdio: [head ? 'pipe' : 'ignore', target.fd], // ffmpeg cannot go back in a pipe, whatever lies behind it.
  });
  const stop = () => void process.stop();
  signal?.addEventListener('abort', stop, { once: true });
  if (head) process.writable(0).end(head);
  let late = false;
  try {
    await withTimeout(process.done(), limitMs, () => {
      late = true;
      return new Error('the rest takes too long');
    });
    return process.log;
  } catch {
    signal?.throwIfAborted();
    return late ? process.log : undefined;
  } finally {
    signal?.removeEventListener('abort', stop);
    await process.stop();
    await target.close();
  }
}
