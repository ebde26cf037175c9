import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { SrvidError } from '../errors.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import { makeTemporaryFolder } from '../pipeline/output/temporary-folder.js';
import type { WorkerEvent } from '../queue/piece-worker.js';
import { addOptions, type CommandOption, countTo } from './add-options.js';
import { Messages } from './messages.js';
import type { RunFlags } from './run-options.js';
import { plainJson, plainLine } from './terminal.js';

interface WorkerFlags extends Pick<RunFlags, 'queue' | 'share' | 'json' | 'quiet'> {
  readonly concurrency: number;
}

const OPTIONS: readonly CommandOption[] = [
  { flag: '--queue <url>', help: 'the Redis server that has the queue, redis://host:6379' },
  { flag: '--share <place>', help: "the place of sources and pieces, the submitter's: a folder, or s3://bucket/prefix" },
  { flag: '--concurrency <n>', help: 'segments that are made at once', fallback: '1', parse: countTo(64), value: 1 },
  { flag: '--json', form: 'switch', help: 'report events as JSON lines on standard output' },
  { flag: '-q, --quiet', form: 'switch', help: 'say nothing but errors' },
];

/** Declares `srvid worker [options]`. */
export function addWorkerOptions(command: Command): Command {
  command.description('make segments of videos that "srvid <input> <output> --queue" submits, on this machine (docs/scale.md)');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid worker` until it is interrupted. @throws the errors of `workPieces` */
export async function runWorker({ queue, share, concurrency, ...flags }: WorkerFlags, interrupt: AbortSignal): Promise<void> {
  if (queue === undefined || share === undefined)
    throw new SrvidError('SRVID_OPTION_INVALID', 'A worker needs --queue and --share: where its work comes from, and where it goes.');
  const messages = new Messages(flags);
  const [{ workPieces }, { openMaker }] = await Promise.all([import('../queue/piece-worker.js'), import('../queue/segment-maker.js')]);
  const [{ version: ffmpeg }, folder] = await Promise.all([findFfmpeg(), makeTemporaryFolder('worker')]);
  let said = '';
  const onEvent = (event: WorkerEvent) => {
    if (flags.json) process.stdout.write(`${plainJson({ v: 1, ...recordOf(event) })}\n`);
    const text = textOf(event);
    // Redis is tried again and again, and says the same each time.
    if (text !== said) event.type === 'failed' ? messages.complain(text) : messages.say(text);
    said = text;
  };
  try {
    const open = (job: Parameters<typeof openMaker>[0], place: string) => openMaker(job, place, { signal: interrupt, onLog: messages.log });
    await workPieces({ queue, ffmpeg, share, concurrency, folder, open, signal: interrupt, onEvent });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function textOf(event: WorkerEvent): string {
  if (event.type === 'ready') return `ready for segments of ${event.queue}; Ctrl-C ends`;
  if (event.type === 'waiting') return `waiting for Redis: ${plainLine(event.message)}`;
  const { job } = event;
  const name = job ? plainLine(`segment ${job.index + 1} of ${job.count}, ${String(job.options.output)}`) : 'a segment';
  if (event.type === 'started') return `${name}: begun`;
  if (event.type === 'done') return `${name}: ${event.result.frames} frames in ${(event.result.tookMs / 1000).toFixed(1)} s`;
  const { error } = event;
  return `${name}: ${plainLine(error instanceof Error ? error.message : String(error))}${error instanceof SrvidError ? ` [${error.code}]` : ''}`;
}

/** An event as plain data: of its job what names it. */
function recordOf(event: WorkerEvent): object {
  if (event.type === 'ready' || event.type === 'waiting') return event;
  const { job, type } = event;
  const name = job && { whole: job.whole, index: job.index, count: job.count, output: job.options.output };
  if (event.type === 'done') return { type: 'segment-done', ...name, frames: event.result.frames, tookMs: event.result.tookMs };
  if (event.type === 'failed') {
    const { error } = event;
    return {
      type: 'segment-failed',
      ...name,
      error: error instanceof SrvidError ? error.toRecord() : { code: 'SRVID_INTERNAL', message: String(error), details: {} },
    };
  }
  return { type: `segment-${type}`, ...name };
}
