import type { FolderProgressEvent } from '../folders/events.js';
import type { ProgressEvent } from '../report/events.js';
import { plainLine } from './terminal.js';

const BAR_WIDTH = 20;

/** A progress line that is overwritten in place. Prints nothing unless the stream is a terminal. */
export class ProgressLine {
  #shown = false;

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly enabled: boolean,
  ) {}

  show(progress: ProgressEvent | FolderProgressEvent): void {
    if (!this.enabled) return;
    const text = progress.type === 'progress' ? progressText(progress) : folderProgressText(progress);
    this.stream.write(`\r\x1b[K${plainLine(text).slice(0, Math.max(20, (this.stream.columns ?? 80) - 1))}`);
    this.#shown = true;
  }

  /** Erases the line, so that other text can be printed. */
  clear(): void {
    if (this.#shown) this.stream.write('\r\x1b[K');
    this.#shown = false;
  }
}

/**
 * Formats a progress event: "[#########-----------]  48%  1:04 left  120/250 frames  29.1 fps  1.16x  bottleneck: abpn".
 * What matters most stands first, since a narrow terminal cuts the rest. In real time the level in use and the frames
 * that were late or dropped take the place of the bottleneck.
 */
export function progressText({ frames, total, fps, speed, etaSeconds, bottleneck, outcomes, realtime }: ProgressEvent): string {
  // In real time dropped frames are done with, too.
  const done = frames + outcomes.dropped;
  return [
    ...doneText(done, total, etaSeconds),
    ...(realtime ? [`level ${realtime.level}`, `${realtime.late} late`, `${outcomes.dropped} dropped`, `${outcomes.bypassed} bypassed`] : []),
    `${fps.toFixed(1)} fps`,
    `${speed.toFixed(2)}x`,
    ...(realtime ? [] : [`bottleneck: ${bottleneck}`]),
  ].join('  ');
}

/** Formats the progress over a folder: "[##------------------]  12%  9:10 left  1200/10000 frames  18.0 fps  file 2 of 12: a/b.mkv". */
export function folderProgressText({ frames, total, fps, etaSeconds, file, files, name }: FolderProgressEvent): string {
  return [...doneText(frames, total, etaSeconds), `${fps.toFixed(1)} fps`, `file ${file} of ${files}: ${name}`].join('  ');
}

function doneText(done: number, total: number | undefined, etaSeconds: number | undefined): string[] {
  const share = total === undefined || total === 0 ? undefined : Math.min(1, done / total);
  return [
    ...(share === undefined ? [] : [`[${bar(share)}] ${String(Math.floor(100 * share)).padStart(3)}%`]),
    ...(etaSeconds === undefined ? [] : [`${duration(etaSeconds)} left`]),
    total === undefined ? `${done} frames` : `${done}/${total} frames`,
  ];
}

function bar(share: number): string {
  const filled = Math.floor(share * BAR_WIDTH);
  return '#'.repeat(filled).padEnd(BAR_WIDTH, '-');
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
