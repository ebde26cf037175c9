import type { RunMetrics } from './events.js';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

/** One metric and its samples, which may come from several runs. */
export interface Metric {
  /** The name without the common prefix, "frames_total". */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * A run's figures so far in Prometheus' text exposition format. `labels` are added to every sample, such as a stream's
 * name.
 */
export function prometheusText(metrics: RunMetrics, labels: Labels = {}): string {
  return metricsText(runMetrics(metrics, labels));
}

/** Prometheus' text exposition format, version 0.0.4. Samples of one name stand together under one description. */
export function metricsText(metrics: readonly Metric[]): string {
  const byName = new Map<string, Metric[]>();
  for (const metric of metrics) byName.set(metric.name, [...(byName.get(metric.name) ?? []), metric]);
  const lines = [...byName].flatMap(([name, parts]) => [
    `# HELP srvid_${name} ${parts[0]?.help}`,
    `# TYPE srvid_${name} ${parts[0]?.type}`,
    ...parts.flatMap(({ samples }) => samples.map(([value, labels = {}]) => `srvid_${name}${labelText(labels)} ${value}`)),
  ]);
  return `${lines.join('\n')}\n`;
}

/** A run's figures so far as metrics. Times are in seconds, as usual for Prometheus. */
export function runMetrics({ framesIn, framesOut, outcomes, stages, realtime, plugins = [] }: RunMetrics, labels: Labels = {}): Metric[] {
  const metric = (name: string, type: Metric['type'], help: string, samples: readonly Sample[]): Metric => ({
    name,
    type,
    help,
    samples: samples.map(([value, own]) => [value, { ...labels, ...own }]),
  });
  const quantiles = ({ p50, p95, p99 }: { p50: number; p95: number; p99: number }, own: Labels = {}): Sample[] =>
    Object.entries({ '0.5': p50, '0.95': p95, '0.99': p99 }).map(([quantile, milliseconds]) => [milliseconds / 1000, { ...own, quantile }]);
  const metrics = [
    metric('frames_read_total', 'counter', 'Frames that came in.', [[framesIn]]),
    metric('frames_written_total', 'counter', 'Frames that the encoder was given.', [[framesOut]]),
    metric(
      'frames_total',
      'counter',
      'Frames by outcome.',
      Object.entries(outcomes).map(([outcome, count]): Sample => [count, { outcome }]),
    ),
    metric(
      'stage_seconds',
      'gauge',
      'Time of a frame in a stage.',
      stages.flatMap(({ name, p50Ms, p95Ms, p99Ms }) => quantiles({ p50: p50Ms, p95: p95Ms, p99: p99Ms }, { stage: name })),
    ),
  ];
  for (const [kind, name, help] of PLUGIN_METRICS) {
    const told = plugins.filter((each) => each.kind === kind);
    if (told.length > 0)
      metrics.push(
        metric(
          name,
          kind,
          help,
          told.map((each): Sample => [each.value, { plugin: each.plugin, name: each.name }]),
        ),
      );
  }
  if (!realtime) return metrics;
  const { delivered, late, levels, level, steps, reasons, latencyMs, waitMs, orderMs, handoverMs, queue } = realtime;
  const because = Object.entries(reasons).flatMap(([outcome, counts]) => Object.entries(counts).map(([reason, count]): Sample => [count, { outcome, reason }]));
  const parts = { wait: waitMs, order: orderMs, handover: handoverMs };
  return [
    ...metrics,
    metric('frames_delivered_total', 'counter', 'Written frames that were in time.', [[delivered]]),
    metric('frames_late_total', 'counter', 'Written frames that were late.', [[late]]),
    metric('frames_unprocessed_total', 'counter', 'Bypassed and dropped frames by reason.', because),
    metric(
      'level_frames_total',
      'counter',
      'Frames by level.',
      levels.map(({ name, frames }): Sample => [frames, { level: name }]),
    ),
    metric(
      'level_current',
      'gauge',
      '1 for the level in use.',
      levels.slice(0, -1).map(({ name }): Sample => [name === level ? 1 : 0, { level: name }]),
    ),
    metric(
      'level_steps_total',
      'counter',
      'Changes of the level.',
      Object.entries(steps).map(([direction, count]): Sample => [count, { direction }]),
    ),
    metric('queue_frames', 'gauge', 'Frames that wait for a worker.', [[queue.now]]),
    metric('latency_seconds', 'gauge', 'From arrival to the encoder.', quantiles(latencyMs)),
    metric(
      'latency_part_seconds',
      'gauge',
      'Parts of the latency.',
      Object.entries(parts).flatMap(([part, times]) => quantiles(times, { part })),
    ),
  ];
}

const PLUGIN_METRICS = [
  ['counter', 'plugin_total', 'Counters of plugins.'],
  ['gauge', 'plugin_value', 'Gauges of plugins.'],
] as const;

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  return parts.length > 0 ? `{${parts.join(',')}}` : '';
}
