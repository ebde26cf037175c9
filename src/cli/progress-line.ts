import type { ProgressEvent } from '../report/events.js';
import { plainLine } from './terminal.js';

/** A progress line that is overwritten in place. Prints nothing unless the stream is a terminal. */
export class ProgressLine {
  #shown = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly enabled: boolean,
  ) {}

  show(progress: ProgressEvent): void {
    if (!this.enabled) return;
    const text = progressText(progress);
    this.stream.write(`\r\x1b[K${plainLine(text).slice(0, Math.max(20, (this.stream.columns ?? 80) - 1))}`);
    this.#shown = true;
  }

  /** Erases the line, so that other text can be printed. */
  clear(): void {
    if (this.#shown) this.stream.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** Formats a progress event: "120/250 frames  29.1 fps  1.16x  ETA 0:04  bottleneck: abpn". */
export function progressText({ frames, total, fps, speed, etaSeconds, bottleneck }: ProgressEvent): string {
  const count = total === undefined ? `${frames} frames` : `${frames}/${total} frames`;
  const eta = etaSeconds === undefined ? '' : `  ETA ${Math.floor(etaSeconds / 60)}:${String(etaSeconds % 60).padStart(2, '0')}`;
  return `${count}  ${fps.toFixed(1)} fps  ${speed.toFixed(2)}x${eta}  bottleneck: ${bottleneck}`;
}
