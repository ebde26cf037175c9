import { RELAY_DEFAULTS } from '../options/limits.js';
import type { StreamOptions } from '../options/relay.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { parseLiveInput } from '../pipeline/input/live-input.js';
import { checkStream, type StreamRequests } from './config.js';
import type { Asset } from './server/assets.js';
import type { MountedHttp } from './server/mounted-http.js';
import type { healthOf } from './server/report.js';
import { RelayServer } from './server/server.js';
import type { Mount } from './server/server-options.js';
import type { Tokens } from './server/tokens.js';
import { LiveStream } from './stream/live-stream.js';
import { Recorder } from './stream/recorder.js';

/** Options of a relay: its address, its streams and who may connect. */
export interface RelayOptions {
  /** Host name or IP address to listen at. */
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly streams: StreamRequests;
  /** Known tokens. Without any, only a loopback address is allowed. */
  readonly tokens?: Tokens | undefined;
  readonly allowOrigins?: readonly string[];
  /** Most viewers at once. Default 100. */
  readonly maxViewers?: number | undefined;
  /** Most viewers of one address. Default half of `maxViewers`, but 4 where there are as many. */
  readonly maxViewersPerAddress?: number | undefined;
  /** Called with each request, and with the beginning and end of each session. */
  readonly log?: ((entry: Readonly<Record<string, unknown>>) => void) | undefined;
  /** The files of the page, by URL path. */
  readonly assets?: ReadonlyMap<string, Asset>;
  /** The place within another program's server, where the relay has none of its own. */
  readonly mount?: Mount | undefined;
  /** Called with messages for the operator, one sentence each. */
  readonly tell: (message: string) => void;
}

/** A running relay. */
export interface Relay {
  readonly host: string;
  /** The actual port, also if 0 was given. */
  readonly port: number;
  /** Resolves when every stream has ended for good. Rejects with the first stream's error if one had to end because of one. */
  readonly ended: Promise<void>;
  /** The receiver of another server's requests, where it is mounted in one. */
  readonly mounted: MountedHttp | undefined;
  /** The bodies of /stats and /health, with all streams. */
  stats(): Record<string, unknown>;
  health(): ReturnType<typeof healthOf>;
  /** Takes other tokens from now on. Who is there by a token that is no longer known is closed. */
  useTokens(tokens: Tokens): void;
  /** Closes all connections, stops the streams and finishes the recordings. */
  close(): Promise<void>;
}

/**
 * Starts the streams and the server. Everything is checked before anything runs.
 * @throws SRVID_FFMPEG_MISSING, the errors of `checkStream`, and the errors of `RelayServer`
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { host, port, streams, tokens, allowOrigins = [], maxViewers = RELAY_DEFAULTS.maxViewers, assets, log, tell, mount } = options;
  const half = Math.max(Math.ceil(maxViewers / 2), Math.min(maxViewers, 4));
  const { maxViewersPerAddress = half } = options;
  const binary = await findFfmpeg();
  await Promise.all(Object.values(streams).map(checkStream));
  const opened = Object.entries(streams).map(([name, options]) => openStream(name, options, { binary, tell }));
  const server = new RelayServer({
    ...{ host, port, tokens, allowOrigins, log, mount },
    streams: opened.map(({ stream }) => stream),
    ...(assets ? { assets } : {}),
    limits: { maxViewers, maxViewersPerAddress },
  });
  const close = async () => {
    await server.close();
    await Promise.all(opened.map(({ stream }) => stream.stop()));
    await Promise.all(opened.map(({ recorder }) => recorder?.close()));
  };
  try {
    const address = await server.listen();
    for (const { stream } of opened) stream.open();
    const ended = Promise.all(opened.map(({ stream }) => stream.ended)).then(() => {
      const failed = opened.find(({ stream }) => stream.failure !== undefined);
      if (failed) throw failed.stream.failure;
    });
    ended.catch(() => {}); // For who does not wait for it.
    return {
      ...{ ...address, ended, close, mounted: server.mounted, stats: () => server.stats(), health: () => server.health() },
      useTokens: (known) => server.useTokens(known),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openStream(name: string, options: StreamOptions, { binary, tell }: Pick<RelayOptions, 'tell'> & { binary: Awaited<ReturnType<typeof findFfmpeg>> }) {
  const { input, loop, inputFormat, onDemand, bitrate, record, silenceMs, stallTimeoutMs, deinterlace, allowReferences, maxPixels, ...request } = options;
  const stream = new LiveStream({
    ...{ name, binary, bitrate, silenceMs, stallTimeoutMs, deinterlace, tell },
    input: parseLiveInput(input, { loop, format: inputFormat, references: allowReferences, maxPixels }),
    // A recording needs all frames, so its stream cannot stop while nobody watches.
    onDemand: onDemand && record === undefined,
    request,
  });
  const recorder = record === undefined ? undefined : new Recorder(stream.rendition('sr'), record, tell);
  return { stream, recorder };
}
