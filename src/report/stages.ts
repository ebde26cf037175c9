import type { StageTime } from '../pipeline/engine/engine.js';
import type { StageReport } from './events.js';

/**
 * Utilisation of each stage since the first frame, and its time for a frame. ffmpeg's own work cannot be seen from
 * here, so the time counts that the pipeline waited for it.
 */
export function stageReports(stages: readonly StageTime[], elapsedMs: number): StageReport[] {
  return stages.map(({ name, durations, threads }) => {
    const { p50, p95, p99 } = durations.percentiles;
    return {
      name,
      busyMs: Math.round(durations.totalMs),
      utilisation: Number(Math.min(1, durations.totalMs / Math.max(1, elapsedMs * threads)).toFixed(3)),
      p50Ms: p50,
      p95Ms: p95,
      p99Ms: p99,
    };
  });
}

/** The stage that the others wait for. */
export function bottleneckOf(reports: readonly StageReport[]): string {
  return reports.reduce((worst, report) => (report.utilisation > worst.utilisation ? report : worst)).name;
}
