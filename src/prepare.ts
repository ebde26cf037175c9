import type { Readable } from 'node:stream';
import { describeCause, SrvidError } from './errors.js';
import { parseSessionOptions, type SessionOptions, type SessionRequest } from './options/session.js';
import { type FfmpegBinary, findFfmpeg } from './pipeline/ffmpeg/binary.js';
import { withTimeout } from './pipeline/frames/timeout.js';
import { type OpenedSource, openSource } from './pipeline/input/open.js';
import { type CarryRequest, planCarry } from './pipeline/output/carry.js';
import { type Container, containerFor } from './pipeline/output/container.js';
import { OutputFile } from './pipeline/output/output-file.js';
import { removeDeadFolders } from './pipeline/output/temporary-folder.js';
import { lookUp, planProcessing } from './processing.js';
import type { PluginLogEntry, SessionEvent } from './report/events.js';
import type { PreparedRun } from './report/run.js';

/** A little more than the time that workers have to end. */
const STOP_PATIENCE_MS = 700;

const MEASURING = 'Measuring, once on this machine, the fastest way to run this network here: engine, precision, workers and threads ...';

/** A caller's connections to a session. */
export interface SessionHooks {
  /** Stops the run, which then fails with SRVID_INTERRUPTED and leaves no files behind. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SessionEvent) => void;
  /** Receives what plugins log and print; standard error where not given. */
  readonly onLog?: (entry: PluginLogEntry) => void;
  /** The bytes of input "-". */
  readonly standardInput?: Readable;
}

/** Probes and plans everything, so that every mistake is reported before the first frame. */
export async function prepare(request: SessionRequest, hooks: SessionHooks): Promise<PreparedRun> {
  const startedAt = performance.now();
  const asked = parseSessionOptions(request);
  const [binary] = await Promise.all([findFfmpeg(), removeDeadFolders()]);
  const installed = await lookUp(asked);
  hooks.signal?.throwIfAborted();
  const opened = await openSource(binary, asked, hooks.standardInput);
  hooks.signal?.throwIfAborted();
  // Before the machine is measured, which takes seconds.
  const output = asked.output === '-' ? undefined : await OutputFile.prepare(asked.output, asked.input, asked.overwrite);
  const container = containerFor(asked.output, asked.format);
  const onMeasure = () => hooks.onEvent?.({ v: 1, type: 'measuring', message: MEASURING });
  const [processing, carried] = await Promise.all([
    planProcessing(asked, installed, opened.source.info, { signal: hooks.signal, onMeasure }),
    planCarry(carryRequest(binary, asked, opened, container, hooks.signal)),
  ]);
  return { ...processing, options: asked, binary, opened, container, carried, output, startedAt };
}

function carryRequest(
  binary: FfmpegBinary,
  { output, tracks, salvage, inputFormat }: SessionOptions,
  { source: { probe, video }, head }: OpenedSource,
  container: Container,
  signal: AbortSignal | undefined,
): CarryRequest {
  const input = { ...probe.input, options: [...probe.input.options, ...(head && inputFormat ? ['-f', inputFormat] : [])] };
  return { binary, container, toPipe: output === '-', input, head, signal, probe, processed: video, tracks, salvage };
}

/** Probing may wait for standard input; an interrupt ends that, too. */
export async function orAborted(preparing: Promise<PreparedRun>, { signal, standardInput }: SessionHooks): Promise<PreparedRun> {
  if (!signal) return preparing;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(interruption(signal.reason));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  const settled = preparing.catch(() => {}); // The race reports it, unless it is over.
  try {
    return await Promise.race([preparing, aborted]);
  } catch (error) {
    if (!signal.aborted) throw error;
    (standardInput ?? process.stdin).destroy();
    // The same signal ends everything that was started. Work that hangs in the system is not waited for.
    await withTimeout(settled, STOP_PATIENCE_MS, () => new Error('too late')).catch(() => {});
    throw interruption(signal.reason);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}

/** The error of a run that was stopped; `reason` is the signal's. */
export function interruption(reason: unknown): SrvidError {
  return new SrvidError('SRVID_INTERRUPTED', 'The run was interrupted; no output was written.', {}, reason === undefined ? undefined : describeCause(reason));
}
