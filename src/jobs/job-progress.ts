import { emptyFlow, type FrameFlow } from '../pipeline/engine/frame-flow.js';
import type { Outcome } from '../pipeline/engine/outcome.js';
import type { ProgressEvent, Summary } from '../report/events.js';
import { type PlannedRun, progressEvent, type RunningParts } from '../report/run.js';
import type { PieceResult, SegmentEvent } from './scheduler.js';

/** Counts the frames of a job over all of its segments. */
export class JobProgress {
  /** The frames of this run. */
  readonly flow: FrameFlow = emptyFlow();
  readonly #before: FrameFlow = emptyFlow();
  /** Frames of segments that are at work, by their number. */
  readonly #atWork = new Map<number, number>();
  #done = 0;

  /** `earlier` are the pieces of earlier runs. */
  constructor(
    private readonly prepared: PlannedRun,
    earlier: Readonly<Record<string, PieceResult>>,
  ) {
    for (const piece of Object.values(earlier)) count(this.#before, piece);
  }

  /** Takes news of a segment. */
  take(event: SegmentEvent): void {
    const { index } = event.job;
    if (event.type === 'progress') this.#atWork.set(index, event.frames);
    else this.#atWork.delete(index);
    if (event.type === 'done') {
      this.#done += event.result.frames;
      for (const [outcome, frames] of Object.entries(event.result.outcomes)) this.flow.outcomes[outcome as Outcome] += frames;
    }
    this.flow.framesOut = this.#done + [...this.#atWork.values()].reduce((sum, frames) => sum + frames, 0);
    this.flow.framesIn = this.flow.framesOut;
  }

  /** The progress of the whole, by this run's own rate. */
  event(parts: RunningParts): ProgressEvent {
    const event = progressEvent(this.prepared, parts);
    const { total, fps } = event;
    const frames = this.#before.framesOut + this.flow.framesOut;
    return { ...event, frames, etaSeconds: total === undefined || fps === 0 ? undefined : Math.max(0, Math.round((total - frames) / fps)) };
  }

  /** The counts of the whole output. */
  totals(): Pick<Summary, 'framesIn' | 'framesOut' | 'outcomes'> {
    const total = emptyFlow();
    for (const { framesIn, framesOut, outcomes } of [this.#before, this.flow]) {
      total.framesIn += framesIn;
      total.framesOut += framesOut;
      for (const [outcome, frames] of Object.entries(outcomes)) total.outcomes[outcome as Outcome] += frames;
    }
    return total;
  }
}

function count(flow: FrameFlow, { frames, outcomes }: PieceResult): void {
  flow.framesIn += frames;
  flow.framesOut += frames;
  for (const [outcome, number] of Object.entries(outcomes)) flow.outcomes[outcome as Outcome] += number;
}
