import { emptyFlow } from '../pipeline/engine/frame-flow.js';
import { Credits } from '../pipeline/engine/lossless/credits.js';
import { runFrames } from '../pipeline/engine/lossless/flow.js';
import type { FrameFormat, HeldFrame, PlainFormat } from '../pipeline/frames/frame.js';
import type { SlotRing } from '../pipeline/frames/ring.js';
import { ONNX_RUNTIME } from '../plugins/inference/backend.js';
import { type Group, planChain } from '../plugins/plan/groups.js';
import type { ChainPlugin } from '../plugins/plan/plugin-models.js';
import { PluginHost } from '../plugins/workers/host.js';
import type { Stage, Ticket } from '../plugins/workers/stage.js';
import type { TestFrame } from './frames.js';
import { observe } from './observe.js';
import { Tally } from './tally.js';

/** The time base of all tests' frames. */
export const TIME_BASE = { num: 1, den: 25 } as const;

/** The way in which a bench runs its plugin. */
export interface BenchSetup {
  readonly format: PlainFormat;
  readonly workers: number;
  /** Frames that may be in flight. More of them are more slots, so a frame's memory is used again later. */
  readonly credits: number;
  /** Longest time for one frame. */
  readonly frameTimeoutMs: number;
  /** See `ObservedRequest`. */
  readonly measureEvery?: number;
  /** Results are complete frames of the source's format, chroma scaled where only the luma was. */
  readonly complete?: boolean;
}

/** The frame, by its number in the run, whose bytes were no longer those that had been read. */
export interface Touched {
  readonly frame: number;
}

/** Runs one plugin, observed, by srvid's own flow of frames and in its own worker threads, on frames in memory. */
export class Bench {
  readonly tally = new Tally();
  readonly output: FrameFormat;
  readonly workers: number;
  touched: Touched | undefined;
  /** The first error that was told beside the results, such as that of which a thread died. */
  told: string | undefined;
  readonly #host: PluginHost;
  readonly #credits: number;
  #source: readonly TestFrame[] = [];

  constructor(loaded: ChainPlugin, setup: BenchSetup) {
    const { format, workers, credits, measureEvery = 0 } = setup;
    const observed = observe(loaded.plugin);
    const given = { given: loaded.given, tally: this.tally.memory, measureEvery };
    const chain = [{ ...loaded, plugin: observed, module: observedModule(loaded.module), given, options: observed.options?.parse(given) }];
    const planned = planChain(format, chain);
    const groups = setup.complete ? planned.map((group, index) => (index === planned.length - 1 ? completed(group, format) : group)) : planned;
    const lookahead = groups.reduce((frames, group) => frames + group.window.future, 0);
    this.workers = workers;
    this.#credits = credits + lookahead;
    this.#host = new PluginHost({
      groups,
      origin: { color: {}, timeBase: TIME_BASE },
      inference: { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 },
      workers,
      credits: this.#credits,
      taskTimeoutMs: setup.frameTimeoutMs,
      onNote: (note) => {
        if (note.type === 'log' && note.level === 'error') this.told ??= note.message;
      },
    });
    this.output = this.#ring.format;
  }

  async open(): Promise<void> {
    await this.#host.open();
  }

  /**
   * Runs frames from the first to the last. May be called again: plugins then go on with the state that they have.
   * @param fill the value of all memory for results before the plugin writes to it
   * @throws the plugin's failure
   */
  async run(frames: readonly TestFrame[], fill: number, signal: AbortSignal): Promise<HeldFrame[]> {
    const results: HeldFrame[] = [];
    await this.stream(frames, fill, signal, (pts, bytes) => results.push({ pts, bytes: bytes.slice() }));
    return results;
  }

  /** The same with results that are valid during `take` only. */
  async stream(frames: readonly TestFrame[], fill: number, signal: AbortSignal, take: (pts: number, bytes: Uint8Array) => void): Promise<void> {
    this.#source = frames;
    new Uint8Array(this.#ring.memory.buffer).fill(fill);
    let read = 0;
    const next = async (slot: () => Uint8Array) => {
      const frame = frames[read++];
      if (!frame) return undefined;
      slot().set(frame.data);
      return frame.pts;
    };
    const write = async (pts: number, bytes: Uint8Array) => {
      take(pts, bytes);
      bytes.fill(fill);
    };
    const stages = this.#host.stages.map((stage) => ({ ...stage, process: this.#watched(stage) }));
    const credits = new Credits(this.#credits);
    await runFrames({ decoder: { next }, encoder: { write }, rings: this.#host.rings, stages, credits, signal, flow: emptyFlow() });
  }

  /** Ends the plugin and its threads. A failure of the plugin's last calls stands in the tally. */
  async close(): Promise<void> {
    await this.#host.flush().catch(() => {});
    await this.#host.close();
  }

  get #ring() {
    return this.#host.rings.at(-1) as SlotRing;
  }

  /** Notes when frames that a stage read are not as they were. */
  #watched(stage: Stage): Stage['process'] {
    const input = this.#host.rings[0] as SlotRing;
    return async (ticket: Ticket, neighbours: readonly Ticket[]) => {
      const result = await stage.process(ticket, neighbours);
      const changed = neighbours.find(({ sequence, slot }) => Buffer.compare(input.bytes(slot), (this.#source[sequence] as TestFrame).data) !== 0);
      if (changed) this.touched ??= { frame: ticket.sequence };
      return result;
    };
  }
}

/** The last group with its result as a frame of the source's kind, to which its worker completes it. */
function completed(group: Group, { kind }: PlainFormat): Group {
  const { width, height } = group.output;
  return { ...group, output: { kind, width, height } };
}

function observedModule(module: string): string {
  const address = new URL('./observed.js', import.meta.url);
  address.searchParams.set('plugin', module);
  return address.href;
}
