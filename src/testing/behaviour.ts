import { describeFormat, type HeldFrame, type PixelFormat, type PlainFormat } from '../pipeline/frames/frame.js';
import type { ChainPlugin } from '../plugins/plan/plugin-models.js';
import { Bench } from './bench.js';
import { variedFrames } from './frames.js';
import { faultOfHalo, sideFor } from './halo-check.js';
import { faultOfMemory, MEASURE_EVERY } from './memory-check.js';
import type { CheckName, Fault, Findings } from './report.js';

/** Frames of a run: more than any window that is common, few enough for a large network. */
const FRAMES = 10;
/** The least sides of pictures. Both divide by 16, which is how networks like them; odd ones are tried apart. */
const [WIDTH, HEIGHT] = [96, 80];
const ODD = { width: 37, height: 29 };
const CREDITS = 4;
/** Longest time for the frames in which memory is watched. */
const MEMORY_LIMIT_MS = 6000;

/** Format of the frames that a plugin is shown without any conversion, and the others that a stream may have. */
const FORMATS: Readonly<Record<'y' | 'yuv' | 'rgb', readonly [native: PixelFormat, ...others: PixelFormat[]]>> = {
  y: ['gray', 'yuv420p'],
  yuv: ['yuv444p', 'yuv420p', 'gray'],
  rgb: ['rgb24', 'yuv420p'],
};

/** Watches a plugin at work, and finds whether it does what it promises. */
export class Behaviour {
  readonly #benches: Bench[] = [];
  readonly #format: PlainFormat;
  readonly #ordered: boolean;

  constructor(
    private readonly loaded: ChainPlugin,
    private readonly findings: Findings,
    private readonly signal: AbortSignal,
    private readonly frameTimeoutMs: number,
  ) {
    const { planes, halo } = loaded.plugin;
    const reach = halo === 'global' ? 0 : halo;
    this.#format = { kind: FORMATS[planes][0], width: sideFor(reach, WIDTH), height: sideFor(reach, HEIGHT) };
    this.#ordered = loaded.plugin.state === 'ordered';
  }

  /** Makes all runs. @throws the first failure of the plugin itself */
  async check(): Promise<void> {
    const { findings, loaded } = this;
    // For an ordered plugin the second bench has fewer slots, for any other a thread more.
    const [bench, other] = await Promise.all([
      this.#open(this.#format, 1, CREDITS),
      this.#ordered ? this.#open(this.#format, 1, 1) : this.#open(this.#format, 2, CREDITS + 1),
    ]);
    const first = await bench.run(variedFrames(this.#format, FRAMES), 0, this.signal);
    await this.#compareWithItself(bench, first);
    await this.#compareWithOther(other, first);
    if (!this.#ordered && loaded.plugin.halo !== 'global') {
      const { past = 0, future = 0 } = loaded.plugin.window ?? {};
      const setting = { format: this.#format, output: bench.output, halo: loaded.plugin.halo, window: { past, future } };
      this.#settle('halo', await faultOfHalo(setting, (all) => bench.run(all, 0, this.signal)));
    } else findings.none('halo', this.#ordered ? 'nothing to try: it keeps something from frame to frame' : "nothing to try: 'global' promises nothing");
    await this.#otherFormats();
    await this.close();
    this.#judge();
  }

  /** Ends everything that was started. Safe at any time. */
  async close(): Promise<void> {
    await Promise.all(this.#benches.map((bench) => bench.close()));
  }

  /** A second run on the same thread, later times, other memory: of a plugin without state nothing may change. */
  async #compareWithItself(bench: Bench, first: readonly HeldFrame[]): Promise<void> {
    if (this.#ordered) return;
    const again = await bench.run(variedFrames(this.#format, FRAMES), 255, this.signal);
    if (this.#settle('sizes', unwritten(first, again, bench))) return;
    const changed = differing(first, again);
    if (changed !== undefined) return this.#fromFreshThreads(first, changed);
    if (this.loaded.plugin.halo === 'global') return;
    const later = variedFrames(this.#format, FRAMES).map((frame) => ({ ...frame, pts: frame.pts + 90_001 }));
    const moved = differing(first, await bench.run(later, 0, this.signal));
    if (moved !== undefined) {
      const remedy = "Declare halo: 'global', so that a frame that equals the one before it is not given its result.";
      this.findings.fail('halo', { cause: 'its result depends on the time of the frame, and a halo in pixels says that it does not', remedy, frame: moved });
    }
  }

  /** The same frames on fresh threads. */
  async #compareWithOther(bench: Bench, first: readonly HeldFrame[]): Promise<void> {
    const again = await bench.run(variedFrames(this.#format, FRAMES), 255, this.signal);
    if (this.#ordered && this.#settle('sizes', unwritten(first, again, bench))) return;
    const changed = differing(first, again);
    if (changed !== undefined) return this.#fromFreshThreads(this.#ordered ? again : first, changed);
    this.findings.pass('determinism');
    this.findings.pass('state');
  }

  /** Finds out whether chance changed a result, or something that the plugin keeps: the `first` run is made again. */
  async #fromFreshThreads(first: readonly HeldFrame[], changed: number): Promise<void> {
    const bench = await this.#open(this.#format, 1, this.#ordered ? 1 : CREDITS);
    const again = await bench.run(variedFrames(this.#format, FRAMES), this.#ordered ? 255 : 0, this.signal);
    const byChance = differing(first, again);
    if (byChance !== undefined) this.findings.fail('determinism', { ...CHANCE, frame: byChance });
    else this.findings.fail('state', { ...(this.#ordered ? KEPT_MEMORY : KEPT_STATE), frame: changed });
    this.findings.pass('determinism');
  }

  /** A few frames of odd sizes in every format that a stream may have. A failure says in which. */
  async #otherFormats(): Promise<void> {
    for (const kind of FORMATS[this.loaded.plugin.planes].slice(1)) {
      const format = { kind, ...ODD };
      try {
        const bench = await this.#open(format, 1, CREDITS, MEASURE_EVERY);
        const [black, white] = [await bench.run(variedFrames(format, 3), 0, this.signal), await bench.run(variedFrames(format, 3), 255, this.signal)];
        if (!this.#ordered) this.#settle('sizes', unwritten(black, white, bench));
        // Small frames, of which hundreds take little time.
        if (kind === 'yuv420p') await this.#watchMemory(bench, format);
      } catch (error) {
        this.signal.throwIfAborted();
        throw new Error(`with frames of ${describeFormat(format)}: ${(error as Error).message}`, { cause: error });
      }
    }
    this.findings.pass('sizes');
  }

  async #watchMemory(bench: Bench, format: PlainFormat): Promise<void> {
    this.#settle('memory', await faultOfMemory(bench, variedFrames(format, FRAMES, 5), this.signal, MEMORY_LIMIT_MS));
  }

  /** Draws conclusions from everything that was counted. */
  #judge(): void {
    const { findings } = this;
    for (const { touched, told, tally, workers } of this.#benches) {
      if (touched) findings.fail('inputs', { cause: 'it wrote to a frame that it was given', remedy: WRITING, frame: touched.frame });
      if (tally.count('prints') > 0)
        findings.fail('runs', { cause: `it prints to standard output, where the video or the JSON may go: ${tally.text}`, remedy: PRINTING });
      const [inits, closes] = [tally.count('inits'), tally.count('closes')];
      if (inits > workers) {
        const cause = `its thread died ${inits - workers} times between two frames, and was replaced${told === undefined ? '' : `: ${told}`}`;
        findings.fail('runs', { cause, remedy: DYING });
      } else if (closes < inits) {
        const cause = tally.text.includes(' threw: ')
          ? tally.text
          : `${inits - closes} of ${inits} threads were not done with flush and close within half a second`;
        findings.fail('close', { cause, remedy: 'Let flush and close end soon and without an error, whatever happened before.' });
      }
    }
    // A frame is frozen, so that a changed time is an error of the run.
    for (const name of ['runs', 'pts', 'inputs', 'close'] as const) findings.pass(name);
  }

  async #open(format: PlainFormat, workers: number, credits: number, measureEvery = 0): Promise<Bench> {
    const bench = new Bench(this.loaded, { format, workers, credits, measureEvery, frameTimeoutMs: this.frameTimeoutMs });
    this.#benches.push(bench);
    await bench.open();
    return bench;
  }

  /** Records a fault, if there is one. @returns true where there is */
  #settle(name: CheckName, fault: Fault | undefined): boolean {
    if (fault) this.findings.fail(name, fault);
    else if (name !== 'sizes') this.findings.pass(name);
    return fault !== undefined;
  }
}

const CHANCE = {
  cause: 'the same frames, from the first on, on a fresh thread, gave another result: it depends on chance or the clock',
  remedy: 'Draw random numbers from a generator that starts with frame.pts, and leave the clock alone.',
};
const KEPT_MEMORY = {
  cause: 'the result changes with the number of frames in flight: it reads the memory of a frame after its call has ended',
  remedy: 'Copy the samples that later frames need into memory of your own, made in init.',
};
const KEPT_STATE = {
  cause: 'the result of a frame depends on the frames that its thread had before: it keeps state that it does not declare',
  remedy: "Declare state: 'ordered', or a window where it reads neighbouring frames, or keep nothing from frame to frame.",
};
const WRITING = 'Write into the frame of context.allocate(); to change samples in place, copy them there first.';
/** The change that mends a plugin whose thread dies. */
export const DYING = 'Catch what a timer, an event or a promise may throw; await what a frame has begun before returning its result.';
const PRINTING = 'Use context.log, which says it on standard error with the plugin’s name.';

/** The number of the first result that differs; undefined where all are equal. */
function differing(first: readonly HeldFrame[], again: readonly HeldFrame[]): number | undefined {
  const at = first.findIndex(({ bytes }, index) => Buffer.compare(bytes, (again[index] as HeldFrame).bytes) !== 0);
  return at < 0 ? undefined : at;
}

/** Samples that have the value with which memory was filled, in both of two runs, were never written. */
function unwritten(black: readonly HeldFrame[], white: readonly HeldFrame[], { output }: Bench): Fault | undefined {
  for (const [frame, { bytes }] of black.entries()) {
    const other = (white[frame] as HeldFrame).bytes;
    const at = bytes.findIndex((value, index) => value === 0 && other[index] === 255);
    if (at < 0) continue;
    const count = bytes.reduce((sum, value, index) => sum + (value === 0 && other[index] === 255 ? 1 : 0), 0);
    const where = at < output.width * output.height ? `, the first at ${at % output.width}, ${Math.floor(at / output.width)}` : '';
    return {
      cause: `it left ${count} of the ${bytes.length} samples of its ${describeFormat(output)} result unwritten${where}`,
      remedy: 'Write every sample of every plane of context.output’s size, and declare the "scale" that the result has.',
      frame,
    };
  }
  return undefined;
}
