import { SrvidError } from '../../../errors.js';
import { PluginMeters, type PluginMetric } from '../../../plugins/notes.js';
import { modelsOfGroups } from '../../../plugins/plan/groups.js';
import type { Level, LevelPlan } from '../../../plugins/plan/levels.js';
import { LevelHost } from '../../../plugins/workers/level-host.js';
import { calibrate } from '../../../tuning/level-times.js';
import type { MeasurementCache } from '../../../tuning/measurements.js';
import { type Clock, systemClock } from '../../frames/clock.js';
import { type Durations, Timings } from '../../frames/durations.js';
import type { StreamInfo } from '../../frames/stream-info.js';
import { toNumber } from '../../frames/time.js';
import { DROP_POLICIES, type DropPolicyName } from '../../policies/drop-policies.js';
import type { Engine, EngineEnds, EngineSetup, StageTime } from '../engine.js';
import type { RealtimeReport } from '../realtime-report.js';
import { Dispatcher } from './dispatcher.js';
import { slotsFor } from './dispatcher-options.js';
import { runRealtime } from './flow.js';
import { LevelController } from './level-controller.js';
import { Schedule } from './schedule.js';
import { ServiceTimes } from './service-times.js';
import { RealtimeStats } from './stats.js';

/** Options of a real-time engine: its levels, its deadlines, and its source. */
export interface RealtimeEngineOptions {
  readonly plan: LevelPlan;
  readonly settings: { readonly budgetMs: number; readonly policy: DropPolicyName };
  readonly info: StreamInfo;
  /**
   * The source can be read faster than its frames are shown, and is held back to their times. Else frames are taken
   * when they arrive.
   */
  readonly paced: boolean;
  readonly cache: MeasurementCache;
  /** Name of this machine, for measurements that are kept between runs. */
  readonly machine: string;
  readonly clock?: Clock;
}

/** A bound on waiting frames, for the sake of memory: half a gigabyte at 1080p. */
const MOST_WAITING = 120;

/** Carries frames under deadlines. */
export class RealtimeEngine implements Engine {
  readonly #clock: Clock;
  readonly #host: LevelHost;
  readonly #meters: PluginMeters;
  readonly #stats: RealtimeStats;
  /** Working time of each level's plugins. */
  readonly #timings: readonly Timings[];
  /** All levels, the bypass last. */
  readonly #levels: readonly Level[];
  readonly #queueCapacity: number;
  #pinned: number | undefined;
  #running: { readonly controller: LevelController; readonly dispatcher: Dispatcher } | undefined;

  constructor(
    private readonly options: RealtimeEngineOptions,
    private readonly setup: EngineSetup,
  ) {
    const { plan, settings, info, clock = systemClock } = options;
    this.#clock = clock;
    this.#levels = [...plan.levels, plan.bypass];
    this.#queueCapacity = Math.min(MOST_WAITING, Math.max(2, Math.ceil((settings.budgetMs * toNumber(info.frameRate)) / 1000)));
    this.#meters = new PluginMeters(setup.onNote);
    this.#host = new LevelHost({
      ...setup,
      onNote: this.#meters.take,
      groups: this.#levels.map(({ group }) => group),
      slots: slotsFor(this.#queueCapacity, setup.workers),
    });
    this.#timings = this.#levels.map(({ group }) => new Timings(group.steps.map(({ loaded }) => loaded.plugin.name)));
    const names = this.#levels.map(({ name }) => name);
    this.#stats = new RealtimeStats({ ...settings, levels: names, tickSeconds: toNumber(info.timeBase) });
  }

  async open(): Promise<void> {
    await this.#host.open();
  }

  async run({ decoder, encoder, signal, flow }: EngineEnds): Promise<void> {
    const { settings, info, paced } = this.options;
    const { policy, budgetMs } = settings;
    const [clock, host, stats] = [this.#clock, this.#host, this.#stats];
    const { input, output } = host;
    const controller = new LevelController(new ServiceTimes(await this.#serviceTimes()), this.#levels.length - 1);
    controller.pinned = this.#pinned;
    const dispatcher = new Dispatcher({
      ...{ clock, policy: DROP_POLICIES[policy], budgetMs, controller, input, output },
      workers: host.workers,
      queueCapacity: this.#queueCapacity,
      run: async (level, task, limitMs) => {
        const { stepMs, bypassed } = await host.run(level, task, limitMs);
        this.#timings[level]?.add(stepMs);
        return { bypassed };
      },
      startMs: host.startMs,
      intervalMs: 1000 / toNumber(info.frameRate),
    });
    this.#running = { controller, dispatcher };
    const schedule = new Schedule(clock, { budgetMs, timeBase: info.timeBase, paced });
    const reusable = this.#levels.every(({ group }) => group.reusable);
    await runRealtime({ ...{ decoder, encoder, clock, schedule, dispatcher, input, output, reusable, signal, flow, stats } });
  }

  async flush(): Promise<void> {
    await this.#host.flush();
  }

  /** Names of the levels, best first, the bypass last. */
  get levels(): readonly string[] {
    return this.#levels.map(({ name }) => name);
  }

  /** Names of the levels that run a network. */
  get networks(): readonly string[] {
    return this.#levels.filter(({ group }) => modelsOfGroups([group]).length > 0).map(({ name }) => name);
  }

  /** The level that frames are kept at; undefined where the engine chooses. */
  get pinned(): string | undefined {
    return this.#pinned === undefined ? undefined : this.#levels[this.#pinned]?.name;
  }

  /**
   * Keeps frames at one level from the next one on; undefined lets the engine choose again.
   * @throws SRVID_OPTION_INVALID for a level that does not exist
   */
  pin(level: string | undefined): void {
    const index = level === undefined ? undefined : this.levels.indexOf(level);
    if (index === -1)
      throw new SrvidError('SRVID_OPTION_INVALID', `There is no level "${level}" here. There are ${this.levels.join(', ')}, or "auto".`, { level });
    this.#pinned = index;
    if (this.#running) this.#running.controller.pinned = index;
  }

  async close(): Promise<void> {
    this.#running?.dispatcher.close();
    await this.#host.close();
  }

  stageTimes(): readonly StageTime[] {
    return this.#levels.flatMap(({ name }, level) => {
      const { names, steps } = this.#timings[level] ?? { names: [], steps: [] };
      const label = (plugin: string) => (plugin === name ? name : `${name}: ${plugin}`);
      return names.map((plugin, step) => ({ name: label(plugin), durations: steps[step] as Durations, threads: this.#host.workers }));
    });
  }

  realtime(): RealtimeReport {
    const { current, steps } = this.#running?.controller ?? { current: 0, steps: { up: 0, down: 0 } };
    return this.#stats.report(current, steps, this.#running?.dispatcher.queueLength ?? 0);
  }

  pluginMetrics(): readonly PluginMetric[] {
    return this.#meters.list();
  }

  /** The time of each level on this machine: known from earlier runs, or measured now and kept. */
  async #serviceTimes(): Promise<number[]> {
    const { cache } = this.options;
    const keys = this.#levels.map((level) => this.#keyOf(level));
    const known = await Promise.all(keys.map((key) => cache.get(key)));
    const times = await calibrate({ clock: this.#clock, host: this.#host, levels: this.#levels, known });
    const news = keys.map((key, level) => [key, times[level] as number] as const).filter(([, time], level) => time !== known[level]);
    if (news.length > 0) await cache.set(Object.fromEntries(news));
    return times;
  }

  #keyOf({ group }: Level): string {
    const { width, height } = group.input;
    const { workers, inference } = this.setup;
    const what = [
      ...group.steps.map(({ loaded }) => `${loaded.plugin.name}${JSON.stringify(loaded.given)}`),
      ...modelsOfGroups([group]).map(({ entry }) => entry.sha256.slice(0, 12)),
    ];
    return `frame of ${width}x${height} by ${what.join('+')}, ${workers} workers of ${inference.threads} threads on ${inference.device}: ms, ${this.options.machine}`;
  }
}
