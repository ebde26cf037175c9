import { PluginMeters, type PluginMetric } from '../../../plugins/notes.js';
import type { Group } from '../../../plugins/plan/groups.js';
import { PluginHost } from '../../../plugins/workers/host.js';
import type { Durations } from '../../frames/durations.js';
import type { Engine, EngineEnds, EngineSetup, StageTime } from '../engine.js';
import { Credits } from './credits.js';
import { runFrames } from './flow.js';

/** Carries every frame: frames in = frames out, and the source waits for the slowest part. */
export class LosslessEngine implements Engine {
  readonly #credits: Credits;
  readonly #host: PluginHost;
  readonly #meters: PluginMeters;

  constructor(groups: readonly Group[], setup: EngineSetup) {
    const lookahead = groups.reduce((frames, group) => frames + group.window.future, 0);
    this.#credits = new Credits(2 * setup.workers + 2 + lookahead);
    this.#meters = new PluginMeters(setup.onNote);
    this.#host = new PluginHost({ ...setup, groups, credits: this.#credits.total, onNote: this.#meters.take });
  }

  async open(): Promise<void> {
    await this.#host.open();
  }

  async run(ends: EngineEnds): Promise<void> {
    const { rings, stages } = this.#host;
    await runFrames({ ...ends, rings, stages, credits: this.#credits });
  }

  async flush(): Promise<void> {
    await this.#host.flush();
  }

  async close(): Promise<void> {
    this.#credits.close();
    await this.#host.close();
  }

  stageTimes(): readonly StageTime[] {
    return this.#host.stages.flatMap((stage, index) => {
      const { names, steps } = this.#host.timings[index] ?? { names: [], steps: [] };
      return names.map((name, step) => ({ name, durations: steps[step] as Durations, threads: stage.concurrency }));
    });
  }

  realtime(): undefined {
    return undefined;
  }

  pluginMetrics(): readonly PluginMetric[] {
    return this.#meters.list();
  }
}
