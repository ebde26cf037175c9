import { Durations } from '../pipeline/frames/durations.js';
import type { OutputFrame } from './frame.js';
import type { FrameForm } from './frame-form.js';

/** The place where an engine hands frames to a program, one at a time: it waits until the one before has been taken. */
export class FrameSink {
  /** Waiting time of the pipeline until the program took each frame. */
  readonly waits = new Durations();
  #ready: { readonly frame: OutputFrame; readonly taken: () => void } | undefined;
  #end: { readonly failure?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(private readonly form: FrameForm) {}

  /** Hands over one frame; when it resolves, the program has taken it. `bytes` are copied at once. */
  async write(pts: number, bytes: Uint8Array): Promise<void> {
    const since = performance.now();
    const frame = this.form.make(pts, bytes);
    await new Promise<void>((taken) => {
      this.#ready = { frame, taken };
      this.#wake?.();
    });
    this.waits.add(performance.now() - since);
  }

  /** No more frames come; with a failure, `next` throws it. */
  end(...failure: readonly [] | readonly [unknown]): void {
    this.#end ??= failure.length === 0 ? {} : { failure: failure[0] };
    this.#wake?.();
  }

  /** The next frame; undefined at the end. @throws the failure of the run */
  async next(): Promise<OutputFrame | undefined> {
    while (!this.#ready && !this.#end) {
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    if (this.#end && 'failure' in this.#end) throw this.#end.failure;
    const ready = this.#ready;
    this.#ready = undefined;
    ready?.taken();
    return ready?.frame;
  }
}
