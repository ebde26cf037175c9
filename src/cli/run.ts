import type { SessionRequest } from '../options/requests.js';
import type { RealtimeReport, SegmentsEvent, SessionEvent, StartEvent, Summary } from '../report/events.js';
import { type MessageFlags, Messages } from './messages.js';
import { queueHooks } from './queue-flags.js';
import type { RunFlags } from './run-options.js';
import { plainJson, plainLine } from './terminal.js';

/** Controls the messages of `runCommand`. `interrupt` stops the run. */
export interface RunOutput extends MessageFlags, Pick<RunFlags, 'queue' | 'share' | 'priority'> {
  readonly interrupt: AbortSignal;
}

/** The stream for JSON lines: stdout, or stderr if the video goes to stdout. */
export function jsonStream(output: string | undefined): NodeJS.WriteStream {
  return output === '-' ? process.stderr : process.stdout;
}

/** Runs a session and reports it: progress and summary on stderr, or JSON lines on `jsonStream`. @throws the session's error */
export async function runCommand(request: SessionRequest, { interrupt, ...flags }: RunOutput): Promise<void> {
  const { json, verbose } = flags;
  const jsonLines = jsonStream(request.output);
  const messages = new Messages(flags);
  const ends = queueHooks(flags, messages);
  let isBegun = false;
  const goingOn = ({ done, count }: SegmentsEvent) => {
    if (!isBegun && done > 0) messages.say(`going on: ${done} of ${count} segments are done`);
    isBegun = true;
  };
  const onEvent = (event: SessionEvent) => {
    if (json) jsonLines.write(`${plainJson(event)}\n`);
    else if (event.type === 'start' && verbose) messages.say(planText(event));
    else if (event.type === 'measuring') messages.say(event.message);
    else if (event.type === 'warning') messages.say(`warning: ${plainLine(event.message)}`);
    else if (event.type === 'segments') goingOn(event);
    else if (event.type === 'progress') messages.line.show(event);
  };
  const { runSession } = await import('../session.js');
  try {
    const summary = await runSession(request, { signal: interrupt, onEvent, onLog: messages.log }, ends);
    messages.say(summaryText(summary));
  } finally {
    messages.line.clear();
  }
}

/** The plan of a run, for `--verbose`. */
export function planText({ plan, chosen, ffmpeg, workers, threads, device, precision, engine, engineReason, realtime, content }: StartEvent): string {
  const deadlines = realtime ? [`real time: ${realtime.budgetMs} ms, ${realtime.policy}, levels ${realtime.levels.join(' > ')}`] : [];
  return [
    ...plan,
    ...deadlines,
    ...chosen,
    ...contentText(content),
    `engine ${engine}: ${engineReason}`,
    `ffmpeg ${ffmpeg}, ${workers} workers x ${threads} threads on ${device}, ${precision}`,
  ].join('\n');
}

const KINDS = { clean: 'clean', video: 'compressed', coarse: 'strongly compressed' } as const;

function contentText(content: StartEvent['content']): string[] {
  return content ? [`networks for ${KINDS[content.content]} video: ${content.reason}`] : [];
}

/** The closing lines for people. */
export function summaryText(summary: Summary): string {
  const { framesIn, framesOut, outcomes, wallSeconds, startupSeconds, fps, stages, bottleneck, models, precision, engine, workers, threads, peakRssMB } =
    summary;
  const outcome = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  const busy = stages.map(({ name, utilisation }) => `${name} ${Math.round(utilisation * 100)}%`).join(', ');
  return [
    `${framesIn} frames in, ${framesOut} out (${outcome}) in ${wallSeconds.toFixed(1)} s, of which ${startupSeconds.toFixed(1)} s start-up: ${fps} fps`,
    ...(summary.realtime ? realtimeText(summary.realtime) : []),
    `busy: ${busy}; bottleneck: ${bottleneck}`,
    `${models.length > 0 ? models.join(', ') : 'no network'}, precision ${precision}${models.length > 0 ? `, ${engine}` : ''}, ${workers} workers x ${threads}, peak memory ${peakRssMB} MB`,
    ...contentText(summary.content),
    `written: ${plainLine(summary.output)}`,
  ].join('\n');
}

/** Real-time figures in three lines: frames in time, quality levels used, sources of latency. */
function realtimeText({
  policy,
  budgetMs,
  delivered,
  late,
  levels,
  steps,
  reasons,
  latencyMs,
  waitMs,
  orderMs,
  handoverMs,
  queue,
  longestGapMs,
}: RealtimeReport): string[] {
  const written = delivered + late;
  const share = written === 0 ? 0 : (100 * delivered) / written;
  const why = Object.entries(reasons).flatMap(([outcome, counts]) => Object.entries(counts).map(([reason, count]) => `${count} ${outcome} (${reason})`));
  const used = levels.filter(({ frames }) => frames > 0).map(({ name, frames, serviceMs }) => `${name} ${frames} (p95 ${serviceMs.p95} ms)`);
  return [
    `in time: ${delivered} of ${written} written (${share.toFixed(1)}%), budget ${budgetMs} ms, ${policy}${why.length > 0 ? `; ${why.join(', ')}` : ''}`,
    `levels: ${used.join(', ')}; ${steps.down} steps down, ${steps.up} up; longest gap ${longestGapMs} ms`,
    `latency p50 ${latencyMs.p50}, p95 ${latencyMs.p95}, p99 ${latencyMs.p99} ms; p95 of waiting ${waitMs.p95}, order ${orderMs.p95}, encoder ${handoverMs.p95}; queue ${queue.mean}, at most ${queue.most}`,
  ];
}
