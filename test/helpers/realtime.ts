import { SrvidError } from '../../dist/errors.js';
import { emptyFlow, type FrameFlow } from '../../dist/pipeline/engine/frame-flow.js';
import type { Ending } from '../../dist/pipeline/engine/outcome.js';
import { Dispatcher } from '../../dist/pipeline/engine/realtime/dispatcher.js';
import { slotsFor } from '../../dist/pipeline/engine/realtime/dispatcher-options.js';
import { runRealtime } from '../../dist/pipeline/engine/realtime/flow.js';
import { LevelController } from '../../dist/pipeline/engine/realtime/level-controller.js';
import { Schedule } from '../../dist/pipeline/engine/realtime/schedule.js';
import { ServiceTimes } from '../../dist/pipeline/engine/realtime/service-times.js';
import { RealtimeStats } from '../../dist/pipeline/engine/realtime/stats.js';
import type { RealtimeReport } from '../../dist/pipeline/engine/realtime-report.js';
import type { Clock } from '../../dist/pipeline/frames/clock.js';
import { SlotRing } from '../../dist/pipeline/frames/ring.js';
import { DROP_POLICIES, type DropPolicy, type DropPolicyName } from '../../dist/pipeline/policies/drop-policies.js';

const FORMAT = { kind: 'gray', width: 2, height: 1 } as const;
/** One tick a millisecond. */
const TIME_BASE = { num: 1, den: 1000 };

/** Time that passes when told to. */
export class FakeClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers: { readonly time: number; readonly order: number; readonly call: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  at(time: number, call: () => void): () => void {
    const timer = { time: Math.max(time, this.#now), order: this.#order++, call };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.time - b.time || a.order - b.order);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(this.#now + milliseconds, resolve);
    });
  }

  /** Goes on to the next thing that is to happen; false where there is none. */
  async step(): Promise<boolean> {
    await new Promise(setImmediate);
    const timer = this.#timers.shift();
    if (!timer) return false;
    this.#now = timer.time;
    timer.call();
    return true;
  }
}

/** A worker's treatment of a frame: the milliseconds it takes, or how it fails. */
export type Service = number | 'dies' | 'hangs' | 'throws';

/** A machine and a source, as a test describes them. */
export interface World {
  readonly frames: number;
  readonly fps: number;
  readonly workers?: number;
  readonly budgetMs?: number;
  readonly policy?: DropPolicyName | DropPolicy;
  /** Milliseconds by level as calibration says, best first; the last one is the bypass. */
  readonly levels: readonly number[];
  /** The true value; by calibration where not given. */
  readonly service?: (level: number, now: number, sequence: number) => Service;
  /** Milliseconds that the encoder takes for a frame. */
  readonly encoderMs?: (now: number) => number;
  /** Content of a frame; equal neighbours are duplicates. */
  readonly content?: (sequence: number) => number;
  /** When a live source gives a frame; at its own rate where not given. */
  readonly arrival?: (sequence: number) => number;
  /** The source gives frames as fast as they are taken, and the schedule holds them back. */
  readonly paced?: boolean;
}

export interface Told {
  readonly written: readonly { readonly sequence: number; readonly pts: number; readonly bytes: readonly number[]; readonly at: number }[];
  /** Tasks that workers were given, in the order they were given it. */
  readonly tasks: readonly { readonly sequence: number; readonly level: number; readonly at: number }[];
  readonly endings: readonly Ending[];
  readonly flow: FrameFlow;
  readonly report: RealtimeReport;
  readonly failure: unknown;
  readonly slotsInUse: readonly number[];
  readonly mostAtOnce: number;
  readonly mostWaiting: number;
  /** When each frame was read. */
  readonly readAt: readonly number[];
}

/** A level's result for a frame. */
export function result(level: number, content: number): number {
  return 10 * content + level + 1;
}

/** Milliseconds that a worker takes to start. */
export const START_MS = 800;

/** Runs the real-time flow in a world whose time is not real: workers and encoder take as long as the world says. */
export async function live(world: World): Promise<Told> {
  const { frames, fps, workers = 2, budgetMs = 100, policy = 'bypass', levels, paced = false } = world;
  const { service = (level) => levels[level] as number, encoderMs = () => 0.5, content = (sequence) => 1 + (sequence % 20) } = world;
  const { arrival = (sequence) => (sequence * 1000) / fps } = world;
  const clock = new FakeClock();
  const queueCapacity = Math.max(2, Math.ceil((budgetMs * fps) / 1000));
  const slots = slotsFor(queueCapacity, workers);
  const [input, output] = [new SlotRing(FORMAT, slots.input), new SlotRing(FORMAT, slots.output)];
  const controller = new LevelController(new ServiceTimes(levels), levels.length - 1);
  const seen = { running: 0, most: 0, waiting: 0 };
  const [written, tasks, endings, readAt]: [Told['written'][number][], Told['tasks'][number][], Ending[], number[]] = [[], [], [], []];
  const ptsOf = (sequence: number) => Math.round(1000 + (sequence * 1000) / fps);
  const sequenceOf = (pts: number) => Math.round(((pts - 1000) * fps) / 1000);

  const run = async (level: number, frame: { input: number; output: number; pts: number }, limitMs: number) => {
    const sequence = sequenceOf(frame.pts);
    tasks.push({ sequence, level, at: clock.now() });
    seen.most = Math.max(seen.most, ++seen.running);
    const takes = service(level, clock.now(), sequence);
    await clock.after(takes === 'hangs' ? limitMs + START_MS : typeof takes === 'number' ? takes : 5);
    seen.running--;
    // Whoever has this slot now, if anybody, would see it.
    output.bytes(frame.output)[0] = result(level, input.bytes(frame.input)[0] as number);
    if (takes === 'throws') throw new SrvidError('SRVID_PLUGIN_FAILED', 'as it was told');
    if (typeof takes !== 'number') throw new SrvidError('SRVID_WORKER_FAILED', `the worker ${takes}`);
    return { bypassed: false };
  };
  const dispatcher = new Dispatcher({
    clock,
    policy: typeof policy === 'string' ? DROP_POLICIES[policy] : policy,
    budgetMs,
    workers,
    queueCapacity,
    input,
    output,
    controller,
    run,
    startMs: START_MS,
    intervalMs: 1000 / fps,
  });
  const submit = dispatcher.submit.bind(dispatcher);
  dispatcher.submit = async (given) => {
    const ending = await submit(given);
    endings.push(ending);
    return ending;
  };
  const decoder = {
    async next(slot: () => Uint8Array) {
      const sequence = readAt.length;
      seen.waiting = Math.max(seen.waiting, dispatcher.queueLength);
      if (sequence === frames) return undefined;
      if (!paced) while (clock.now() < arrival(sequence)) await clock.after(arrival(sequence) - clock.now());
      readAt.push(clock.now());
      slot().fill(content(sequence));
      return ptsOf(sequence);
    },
  };
  const encoder = {
    async write(pts: number, bytes: Uint8Array) {
      const held = [...bytes];
      await clock.after(encoderMs(clock.now()));
      if (held.some((value, index) => value !== bytes[index])) throw new Error('a slot was written to while the encoder read it');
      written.push({ sequence: sequenceOf(pts), pts, bytes: held.slice(0, 1), at: clock.now() });
    },
  };
  const stats = new RealtimeStats({
    policy: typeof policy === 'string' ? policy : 'the test’s',
    budgetMs,
    levels: levels.map((_, index) => `level ${index}`),
    tickSeconds: 1 / 1000,
  });
  const schedule = new Schedule(clock, { budgetMs, timeBase: TIME_BASE, paced });
  const flow = emptyFlow();
  const parts = { decoder, encoder, clock, schedule, dispatcher, input, output, reusable: true, signal: new AbortController().signal, flow, stats };
  let failure: unknown;
  let ended = false;
  void runRealtime(parts)
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      ended = true;
    });
  while (!ended) if (!(await clock.step()) && !ended) throw new Error(`nothing more happens, after ${endings.length} of ${readAt.length} frames`);
  // Workers that were given up may still answer.
  while (failure === undefined && (await clock.step()));
  dispatcher.close();
  return {
    written,
    tasks,
    endings,
    flow,
    failure,
    readAt,
    report: stats.report(controller.current, controller.steps, dispatcher.queueLength),
    slotsInUse: [input.inUse, output.inUse],
    mostAtOnce: seen.most,
    mostWaiting: seen.waiting,
  };
}

/** Number of frames that came to each end, by outcome and reason: "dropped: late". */
export function tally(endings: readonly Ending[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome, reason } of endings) {
    const key = reason ? `${outcome}: ${reason}` : outcome;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** The numbers of that many frames. */
export const sequences = (count: number) => Array.from({ length: count }, (_, sequence) => sequence);
