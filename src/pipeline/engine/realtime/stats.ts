import { Durations } from '../../frames/durations.js';
import { type Ending, REASONS } from '../outcome.js';
import type { RealtimeReport } from '../realtime-report.js';

/** Settings of a session that its report repeats or needs. */
export interface StatsContext {
  readonly policy: string;
  readonly budgetMs: number;
  /** Names of the levels, best first; the last one is the bypass. */
  readonly levels: readonly string[];
  /** Seconds a tick of every pts. */
  readonly tickSeconds: number;
}

/** Counts outcomes and times of the frames of a real-time session. */
export class RealtimeStats {
  readonly #reasons = { bypassed: countersFor(REASONS), dropped: countersFor(REASONS) };
  readonly #service: readonly Durations[];
  readonly #frames: number[];
  readonly #latency = new Durations();
  readonly #wait = new Durations();
  readonly #order = new Durations();
  readonly #handover = new Durations();
  readonly #queue = { total: 0, samples: 0, most: 0 };
  #lastLatencyMs = 0;
  #delivered = 0;
  #late = 0;
  #longestGapMs = 0;
  #last: { readonly ptsMs: number; readonly offsetMs: number } | undefined;
  #firstOffsetMs = 0;

  constructor(private readonly context: StatsContext) {
    this.#service = context.levels.map(() => new Durations());
    this.#frames = context.levels.map(() => 0);
  }

  /** Counts a frame that arrived while `queueLength` others waited. */
  arrived(queueLength: number): void {
    this.#queue.total += queueLength;
    this.#queue.samples++;
    this.#queue.most = Math.max(this.#queue.most, queueLength);
  }

  dropped({ reason }: Ending): void {
    if (reason) this.#reasons.dropped[reason]++;
  }

  /** Counts a frame that was handed to the encoder between `since` and `until`, times of the session's clock. */
  written({ arrival, outcome, reason, level, startedAt, endedAt }: Ending, since: number, until: number): void {
    if (outcome === 'bypassed' && reason) this.#reasons.bypassed[reason]++;
    if (level !== undefined) this.#frames[level] = (this.#frames[level] ?? 0) + 1;
    if (until <= arrival.deadline) this.#delivered++;
    else this.#late++;
    this.#lastLatencyMs = until - arrival.arrivedAt;
    this.#latency.add(this.#lastLatencyMs);
    if (startedAt !== undefined) {
      this.#wait.add(startedAt - arrival.arrivedAt);
      this.#service[level as number]?.add(endedAt - startedAt);
    }
    this.#order.add(since - endedAt);
    this.#handover.add(until - since);
    this.#follow(arrival.pts * this.context.tickSeconds * 1000, until);
  }

  /** The figures so far. @param queueLength frames that wait at this moment */
  report(level: number, steps: { readonly up: number; readonly down: number }, queueLength: number): RealtimeReport {
    const { policy, budgetMs, levels } = this.context;
    const { total, samples, most } = this.#queue;
    const reasons = { bypassed: nonzero(this.#reasons.bypassed), dropped: nonzero(this.#reasons.dropped) };
    return {
      policy,
      budgetMs,
      delivered: this.#delivered,
      late: this.#late,
      levels: levels.map((name, index) => ({
        name,
        frames: this.#frames[index] ?? 0,
        serviceMs: (this.#service[index] as Durations).percentiles,
      })),
      level: levels[level] ?? '',
      steps: { ...steps },
      reasons: { ...(reasons.bypassed ? { bypassed: reasons.bypassed } : {}), ...(reasons.dropped ? { dropped: reasons.dropped } : {}) },
      latencyMs: this.#latency.percentiles,
      lastLatencyMs: Number(this.#lastLatencyMs.toFixed(2)),
      waitMs: this.#wait.percentiles,
      orderMs: this.#order.percentiles,
      handoverMs: this.#handover.percentiles,
      queue: { now: queueLength, mean: Number((samples === 0 ? 0 : total / samples).toFixed(2)), most },
      longestGapMs: Number(this.#longestGapMs.toFixed(1)),
      driftMs: Number(((this.#last?.offsetMs ?? 0) - this.#firstOffsetMs).toFixed(1)),
    };
  }

  #follow(ptsMs: number, at: number): void {
    const offsetMs = at - ptsMs;
    if (this.#last) this.#longestGapMs = Math.max(this.#longestGapMs, ptsMs - this.#last.ptsMs);
    else this.#firstOffsetMs = offsetMs;
    this.#last = { ptsMs, offsetMs };
  }
}

function countersFor<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

function nonzero<Name extends string>(counters: Record<Name, number>): Partial<Record<Name, number>> | undefined {
  const entries = Object.entries(counters).filter(([, count]) => (count as number) > 0);
  return entries.length > 0 ? (Object.fromEntries(entries) as Partial<Record<Name, number>>) : undefined;
}
