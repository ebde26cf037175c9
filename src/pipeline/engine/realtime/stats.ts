import { SrvidError } from '../../../errors.js';
import { Durations, type Percentiles } from '../../frames/durations.js';
import type { FrameFlow } from '../lossless/flow.js';
import { type Ending, REASONS, type Reason } from '../outcome.js';

/** What a real-time session has done so far. Times in milliseconds. */
export interface RealtimeReport {
  readonly policy: string;
  readonly budgetMs: number;
  /** Written frames that the encoder had by their deadline, and those it had later. */
  readonly delivered: number;
  readonly late: number;
  /** Frames by level, best first; the last one is the bypass. `serviceMs` is from a worker's taking a frame to its result. */
  readonly levels: readonly { readonly name: string; readonly frames: number; readonly serviceMs: Percentiles }[];
  /** The level in use. */
  readonly level: string;
  readonly steps: { readonly up: number; readonly down: number };
  /** Bypassed and dropped frames by reason; reasons that did not occur are left out. */
  readonly reasons: Readonly<Partial<Record<'bypassed' | 'dropped', Readonly<Partial<Record<Reason, number>>>>>>;
  /** From arrival to the encoder's having it, of written frames. */
  readonly latencyMs: Percentiles;
  /** Of the frame that was written last. */
  readonly lastLatencyMs: number;
  /** The parts of it: until a worker took it, from its being done to its turn, handing it over. */
  readonly waitMs: Percentiles;
  readonly orderMs: Percentiles;
  readonly handoverMs: Percentiles;
  /** Frames that wait for a worker: at this moment; when another one came, on the average and at most. */
  readonly queue: { readonly now: number; readonly mean: number; readonly most: number };
  /** The longest time between two written frames, by their pts. */
  readonly longestGapMs: number;
  /** The last written frame's time at the encoder less its pts, compared with the first one's: what has come to lag behind. */
  readonly driftMs: number;
}

export interface StatsContext {
  readonly policy: string;
  readonly budgetMs: number;
  /** Names, best first; the last one is the bypass. */
  readonly levels: readonly string[];
  /** Seconds a tick of every pts. */
  readonly tickSeconds: number;
}

/** An encoder that was given nothing fails in words of its own; this says why first. @throws SRVID_FRAMES_DROPPED */
export function assertAnyWritten({ framesIn, framesOut }: FrameFlow, { reasons, budgetMs, policy }: RealtimeReport): void {
  if (framesOut > 0 || framesIn === 0) return;
  const told = Object.entries(reasons.dropped ?? {}).map(([reason, count]) => `${count} ${reason}`);
  throw new SrvidError(
    'SRVID_FRAMES_DROPPED',
    `All ${framesIn} frames were dropped (${told.join(', ')}): none was done within ${budgetMs} ms, so there is nothing to write. Give them more time with --budget-ms, keep them with --policy block, take --preset fast, or leave --realtime out. The policy was ${policy}.`,
    { framesIn, policy, budgetMs },
  );
}

/** Counts what becomes of the frames of a real-time session. */
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

  /** A frame has come while so many waited. */
  arrived(depth: number): void {
    this.#queue.total += depth;
    this.#queue.samples++;
    this.#queue.most = Math.max(this.#queue.most, depth);
  }

  dropped({ reason }: Ending): void {
    if (reason) this.#reasons.dropped[reason]++;
  }

  /** A frame has been handed to the encoder between two times of the session's clock. */
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

  /** @param depth frames that wait at this moment */
  report(level: number, steps: { readonly up: number; readonly down: number }, depth: number): RealtimeReport {
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
      queue: { now: depth, mean: Number((samples === 0 ? 0 : total / samples).toFixed(2)), most },
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
