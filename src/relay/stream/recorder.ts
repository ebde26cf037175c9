import { createWriteStream, type WriteStream } from 'node:fs';
import { extname } from 'node:path';
import { messageOf } from '../../errors.js';
import type { Epoch, Rendition, Subscriber } from '../delivery/rendition.js';
import type { Fragment } from '../fmp4/fragment.js';

/** Bytes that may wait for the disk before the recording is given up: a minute at 8 Mbit/s. */
const MOST_WAITING = 64 << 20;

/**
 * Writes a rendition to a file as fragmented MP4. Such a file can be played up to its last fragment, wherever it breaks
 * off. Each new epoch gets a file of its own: NAME-2.mp4 and so on. An existing file is never overwritten.
 */
export class Recorder implements Subscriber {
  readonly #leave: () => void;
  #file: WriteStream | undefined;
  #count = 0;
  #hasKeyframe = false;

  constructor(
    rendition: Rendition,
    private readonly path: string,
    private readonly tell: (message: string) => void,
  ) {
    this.#leave = rendition.subscribe(this, 'other');
  }

  begin({ init }: Epoch): void {
    this.#file?.end();
    this.#hasKeyframe = false;
    const path = this.#nextPath();
    const file = createWriteStream(path, { flags: 'wx' });
    file.on('error', (error) => {
      this.tell(`Recording to ${path} ended: ${messageOf(error)}`);
      if (this.#file === file) this.#file = undefined;
    });
    file.write(init.bytes);
    this.#file = file;
  }

  fragment(fragment: Fragment): void {
    this.#hasKeyframe ||= fragment.keyframe;
    if (!this.#file || !this.#hasKeyframe) return;
    if (this.#file.writableLength > MOST_WAITING) this.#file.destroy(new Error('the disk is too slow'));
    else this.#file.write(fragment.bytes);
  }

  /** Text messages are not recorded. */
  say(): void {}

  end(): void {
    this.#file?.end();
    this.#file = undefined;
  }

  /** Finishes the file. */
  async close(): Promise<void> {
    this.#leave();
    const file = this.#file;
    this.end();
    if (file) await new Promise<void>((resolve) => file.once('close', resolve));
  }

  #nextPath(): string {
    const extension = extname(this.path);
    return ++this.#count === 1 ? this.path : `${this.path.slice(0, this.path.length - extension.length)}-${this.#count}${extension}`;
  }
}
