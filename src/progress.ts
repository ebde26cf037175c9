import type { StageReport } from './report.js';

/** Times from which shares of busy time follow. All in milliseconds. */
export interface StageTimes {
  readonly decodeWaitedMs: number;
  readonly encodeWaitedMs: number;
  readonly stages: readonly { readonly name: string; readonly busyMs: number; readonly threads: number }[];
}

/**
 * How busy each stage was since the first frame. ffmpeg's own work is not seen from here; what counts is how long the
 * pipeline waited for it.
 */
export function stageReports(times: StageTimes, elapsedMs: number): StageReport[] {
  const share = (busyMs: number, threads: number) => Math.min(1, busyMs / Math.max(1, elapsedMs * threads));
  const report = (name: string, busyMs: number, threads: number): StageReport => ({
    name,
    busyMs: Math.round(busyMs),
    utilisation: Number(share(busyMs, threads).toFixed(3)),
  });
  return [
    report('decode', times.decodeWaitedMs, 1),
    ...times.stages.map(({ name, busyMs, threads }) => report(name, busyMs, threads)),
    report('encode', times.encodeWaitedMs, 1),
  ];
}

/** The stage that the others wait for. */
export function bottleneckOf(reports: readonly StageReport[]): string {
  return reports.reduce((worst, report) => (report.utilisation > worst.utilisation ? report : worst)).name;
}
