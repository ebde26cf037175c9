import type { HelloMessage, StatsMessage } from '../../client/messages.js';
import type { MediaSourcePlayer, PlayerReport } from '../../client/player.js';
import { ColumnGraph, LineGraph } from './graph.js';

/** Milliseconds after which stats are too old for the current second. */
const STALE_MS = 2_500;
/** Number of colours for levels. Further levels share the last one. */
const COLOURS = 3;

/** The four graphs under the picture. Each gets one sample a second. */
export class Figures {
  readonly #latency = new LineGraph('graph-latency', 200);
  readonly #fps = new LineGraph('graph-fps', 30);
  readonly #level = new ColumnGraph('graph-level');
  readonly #drops = new ColumnGraph('graph-drops', 4);
  #hello: HelloMessage | undefined;
  #stats: { readonly message: StatsMessage; readonly at: number } | undefined;
  #counted: StatsMessage | undefined;
  #report: PlayerReport | undefined;
  #missed = 0;
  #leftOut = 0;

  constructor(private readonly player: MediaSourcePlayer) {
    const { client } = player;
    client.on('hello', (hello) => {
      // The relay's counts restart with each epoch.
      if (hello.epoch !== this.#hello?.epoch) this.#counted = undefined;
      this.#hello = hello;
    });
    client.on('stats', (message) => {
      this.#stats = { message, at: performance.now() };
    });
    client.on('gap', ({ fragments }) => {
      this.#missed += fragments;
    });
    setInterval(() => this.#sample(), 1000);
  }

  #sample(): void {
    const report = this.player.report();
    const stats = this.#stats && performance.now() - this.#stats.at < STALE_MS ? this.#stats.message : undefined;
    this.#addLatency(report);
    this.#addFps(report, stats);
    this.#addLevel(stats);
    this.#addDrops(report, stats);
    this.#report = report;
    this.#counted = stats;
    this.#missed = 0;
  }

  #addLatency({ latencyMs, bufferedSeconds }: PlayerReport): void {
    if (latencyMs === undefined || latencyMs < 0) this.#latency.add(undefined, '–');
    else this.#latency.add(latencyMs, `${Math.round(latencyMs)} ms`, `${Math.round(bufferedSeconds * 1000)} ms of it buffered`);
  }

  #addFps(report: PlayerReport, stats: StatsMessage | undefined): void {
    const shown = report.decodedFrames - report.droppedFrames;
    const before = this.#report ? this.#report.decodedFrames - this.#report.droppedFrames : undefined;
    // A new decoder counts from 0 again.
    if (before === undefined || shown < before) this.#fps.add(undefined, '–');
    else this.#fps.add(shown - before, `${shown - before} fps`, stats ? `source ${round(stats.sourceFps)} fps` : 'shown here');
  }

  #addLevel(stats: StatsMessage | undefined): void {
    if (!stats || !this.#hello) {
      this.#level.add(undefined, '–');
      return;
    }
    const counts = this.#hello.levels.map((level) => Math.max(0, (stats.levels[level] ?? 0) - (this.#counted?.levels[level] ?? 0)));
    const parts = [...counts.slice(0, COLOURS - 1), counts.slice(COLOURS - 1).reduce((total, count) => total + count, 0)];
    this.#level.add(parts, stats.level, stats.pinned === null || stats.pinned === undefined ? 'chosen by the relay' : 'pinned');
  }

  #addDrops(report: PlayerReport, stats: StatsMessage | undefined): void {
    const atRelay = stats && this.#counted ? Math.max(0, stats.outcomes.dropped - this.#counted.outcomes.dropped) : 0;
    const here = this.#report ? Math.max(0, report.droppedFrames - this.#report.droppedFrames) : 0;
    const parts = [atRelay, this.#missed, here];
    this.#leftOut += atRelay + this.#missed + here;
    const stalls = report.stalls === 0 ? 'no stalls' : `stalled ${report.stalls}×, ${Math.round(report.stalledMs)} ms`;
    this.#drops.add(parts, String(this.#leftOut), stalls);
  }
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
