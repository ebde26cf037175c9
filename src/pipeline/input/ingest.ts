import type { Readable, Writable } from 'node:stream';
import type { FfmpegBinary } from '../ffmpeg/binary.js';
import { commandArguments } from '../ffmpeg/command.js';
import { FfmpegProcess } from '../ffmpeg/process.js';
import { type LiveInput, scrubbed } from './live-input.js';

/** Limits on how long ffmpeg examines a live source before its packets pass. */
const LOOK = ['-analyzeduration', '2000000', '-probesize', '5000000'];

/**
 * A live source, opened once: its packets unchanged, in NUT, whatever its protocol and container. Probing and decoding
 * then work as with standard input.
 */
export class Ingest {
  readonly #process: FfmpegProcess;

  /** @param pushed the bytes, for a source that ffmpeg does not open by itself */
  constructor(
    binary: FfmpegBinary,
    private readonly input: LiveInput,
    private readonly pushed: Readable | undefined,
  ) {
    const output = ['-map', '0:v:0', '-map', '0:a:0?', '-c', 'copy', '-flush_packets', '1', '-f', 'nut', '-write_index', '0'];
    const command = { inputs: [{ url: input.url, options: [...LOOK, ...input.options] }], outputOptions: output, output: 'pipe:1' };
    this.#process = new FfmpegProcess({
      path: binary.ffmpeg,
      args: commandArguments(command),
      purpose: `read ${input.shown}`,
      failure: 'SRVID_INPUT_UNREADABLE',
      stdio: [pushed ? 'pipe' : 'ignore', 'pipe'],
      shown: (line) => scrubbed(line, input),
    });
    if (pushed) feed(pushed, this.#process.writable(0));
  }

  /** The source's packets as NUT. */
  get bytes(): Readable {
    return this.#process.readable(1);
  }

  /** Waits for the end of the source. @throws SRVID_INPUT_UNREADABLE unless it ended well */
  async done(): Promise<void> {
    await this.#process.done();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    this.pushed?.destroy();
  }

  get shown(): string {
    return this.input.shown;
  }
}

/**
 * Passes bytes on to ffmpeg. If ffmpeg ends, they are no longer read, and are not destroyed with the broken pipe's error:
 * the reason why ffmpeg ended says more.
 */
function feed(pushed: Readable, target: Writable): void {
  pushed.pipe(target);
  pushed.once('close', () => target.end());
}
