import { type Metric, metricsText, runMetrics } from '../../report/prometheus.js';
import type { Delivery } from '../delivery/rendition.js';
import type { LiveStatus, RelayStream } from '../stream/stream.js';

/** All renditions, in the order of the reports. */
export const RENDITIONS = ['sr', 'source', 'raw'] as const;

/** Counts of the server itself. */
export interface ServerCounts {
  /** Open WebSockets, viewers and pushers. */
  readonly connections: number;
  readonly viewers: number;
  /** Connections that were closed since their other end gave no sign of life. */
  readonly silent: number;
  /** Number of refusals, by HTTP status. */
  readonly refusals: ReadonlyMap<number, number>;
  readonly uptimeSeconds: number;
}

/** The body of /health. `ok` is false while a stream's source is away, or where it cannot work. */
export function healthOf(streams: readonly RelayStream[]): { readonly ok: boolean; readonly streams: Readonly<Record<string, string>> } {
  return {
    ok: streams.every(({ state }) => state !== 'waiting' && state !== 'failed'),
    streams: Object.fromEntries(streams.map(({ name, state }) => [name, state])),
  };
}

/** The body of /stats. */
export function statsOf(streams: readonly RelayStream[], { connections, viewers, silent, refusals, uptimeSeconds }: ServerCounts): Record<string, unknown> {
  return {
    server: { uptimeSeconds, connections, viewers, silent, refusals: Object.fromEntries(refusals), rssBytes: process.memoryUsage.rss() },
    streams: Object.fromEntries(
      streams.map((stream) => [stream.name, { state: stream.state, ...stream.status(), renditions: Object.fromEntries(deliveries(stream)) }]),
    ),
  };
}

/** The body of /metrics, in Prometheus' text format. */
export function metricsOf(streams: readonly RelayStream[], { connections, silent, refusals, uptimeSeconds }: ServerCounts): string {
  return metricsText([
    { name: 'relay_uptime_seconds', type: 'gauge', help: 'Since the relay began to listen.', samples: [[uptimeSeconds]] },
    { name: 'relay_connections', type: 'gauge', help: 'WebSockets that are open.', samples: [[connections]] },
    { name: 'relay_silent_total', type: 'counter', help: 'WebSockets that were closed since they gave no sign of life.', samples: [[silent]] },
    { name: 'relay_rss_bytes', type: 'gauge', help: 'Memory of this process.', samples: [[process.memoryUsage.rss()]] },
    {
      name: 'relay_refused_total',
      type: 'counter',
      help: 'Requests that were refused, by HTTP status.',
      samples: [...refusals].map(([status, count]) => [count, { status: `${status}` }]),
    },
    ...streams.flatMap(streamMetrics),
  ]);
}

const DELIVERY: readonly { readonly field: keyof Delivery; readonly name: string; readonly help: string }[] = [
  { field: 'joined', name: 'viewers_joined_total', help: 'Viewers that came.' },
  { field: 'fragments', name: 'viewer_fragments_total', help: 'Fragments that were sent to viewers.' },
  { field: 'bytes', name: 'viewer_bytes_total', help: 'Bytes that were sent to viewers.' },
  { field: 'gaps', name: 'viewer_gaps_total', help: 'How often a viewer was too slow.' },
  { field: 'skipped', name: 'viewer_fragments_skipped_total', help: 'Fragments that were not sent to viewers that were too slow.' },
  { field: 'stuck', name: 'viewers_closed_total', help: 'Viewers that were closed since they took nothing, or too little.' },
];

function streamMetrics(stream: RelayStream): Metric[] {
  const { run, live, epoch } = stream.status();
  const labels = { stream: stream.name };
  const perRendition = (field: keyof Delivery): Metric['samples'] =>
    deliveries(stream).map(([rendition, delivery]) => [delivery[field], { ...labels, rendition }]);
  return [
    { name: 'stream_live', type: 'gauge', help: '1 while the stream is live.', samples: [[stream.state === 'live' ? 1 : 0, labels]] },
    { name: 'stream_epoch', type: 'gauge', help: 'Counts what began anew.', samples: [[epoch, labels]] },
    { name: 'viewers', type: 'gauge', help: 'Viewers that watch.', samples: perRendition('viewers') },
    ...DELIVERY.map(({ field, name, help }): Metric => ({ name, type: 'counter', help, samples: perRendition(field) })),
    ...(live ? liveMetrics(live, labels) : []),
    ...(run ? runMetrics(run, labels) : []),
  ];
}

function liveMetrics({ fps, relayMs, sourceFramesLeft }: LiveStatus, labels: Readonly<Record<string, string>>): Metric[] {
  const quantiles = { '0.5': relayMs.p50, '0.95': relayMs.p95, '0.99': relayMs.p99 };
  return [
    { name: 'source_fps', type: 'gauge', help: 'Frames a second that come in.', samples: [[fps, labels]] },
    {
      name: 'relay_seconds',
      type: 'gauge',
      help: "From a frame's arrival to its fragment's being there.",
      samples: Object.entries(quantiles).map(([quantile, milliseconds]) => [milliseconds / 1000, { ...labels, quantile }]),
    },
    { name: 'source_frames_left', type: 'gauge', help: 'Frames of which the source rendition was not in time.', samples: [[sourceFramesLeft, labels]] },
  ];
}

function deliveries(stream: RelayStream): [string, Delivery][] {
  return RENDITIONS.flatMap((name) => {
    const rendition = stream.rendition(name);
    return rendition ? [[name, { ...rendition.delivery }] as [string, Delivery]] : [];
  });
}
