import type { SessionRequest } from '../options.js';
import type { SessionEvent, Summary } from '../report.js';
import { runSession } from '../session.js';
import { ProgressLine } from './progress-line.js';

export interface RunOutput {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly interrupt: AbortSignal;
}

/** Where JSON lines go: nowhere but the video may go where the video goes. */
export function jsonStream(output: string | undefined): NodeJS.WriteStream {
  return output === '-' ? process.stderr : process.stdout;
}

/** Runs a session and tells of it: progress and summary on stderr, or JSON lines on stdout (stderr where the video goes to stdout). */
export async function runCommand(request: SessionRequest, { json, quiet, verbose, interrupt }: RunOutput): Promise<void> {
  const line = new ProgressLine(process.stderr, !json && !quiet && process.stderr.isTTY === true);
  const jsonLines = jsonStream(request.output);
  const say = (text: string) => {
    if (quiet || json) return;
    line.clear();
    process.stderr.write(`${text}\n`);
  };
  const onEvent = (event: SessionEvent) => {
    if (json) jsonLines.write(`${JSON.stringify(event)}\n`);
    else if (event.type === 'start' && verbose) say([...event.plan, `ffmpeg ${event.ffmpeg}, ${event.workers} workers, ${event.precision}`].join('\n'));
    else if (event.type === 'warning') say(`warning: ${event.message}`);
    else if (event.type === 'progress') line.show(event);
  };
  try {
    const summary = await runSession(request, { signal: interrupt, onEvent });
    say(summaryText(summary));
  } finally {
    line.clear();
  }
}

/** The closing lines, for people. */
export function summaryText(summary: Summary): string {
  const { framesIn, framesOut, outcomes, wallSeconds, startupSeconds, fps, stages, bottleneck, models, precision, workers, peakRssMB } = summary;
  const outcome = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  const busy = stages.map(({ name, utilisation }) => `${name} ${Math.round(utilisation * 100)}%`).join(', ');
  return [
    `${framesIn} frames in, ${framesOut} out (${outcome}) in ${wallSeconds.toFixed(1)} s, of which ${startupSeconds.toFixed(1)} s start-up: ${fps} fps`,
    `busy: ${busy}; bottleneck: ${bottleneck}`,
    `${models.length > 0 ? models.join(', ') : 'no network'}, precision ${precision}, ${workers} workers, peak memory ${peakRssMB} MB`,
    `written: ${summary.output}`,
  ].join('\n');
}
