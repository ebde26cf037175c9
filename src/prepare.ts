import type { Readable, Writable } from 'node:stream';
import { SrvidError } from './errors.js';
import { encoderSettings } from './options/encoder.js';
import type { SessionRequest } from './options/requests.js';
import { type EvaluationOptions, parseSessionOptions, type SessionOptions } from './options/session.js';
import { type FfmpegBinary, findFfmpeg } from './pipeline/ffmpeg/binary.js';
import { withTimeout } from './pipeline/frames/timeout.js';
import { measureCompression } from './pipeline/input/compression.js';
import { type OpenedSource, openSource } from './pipeline/input/open.js';
import { type CarryPlan, type CarryRequest, planCarry } from './pipeline/output/carry.js';
import { type Container, containerFor } from './pipeline/output/container.js';
import { type PlannedOutput, planOutput } from './pipeline/output/plan.js';
import { prepareTarget } from './pipeline/output/target.js';
import { removeDeadFolders } from './pipeline/output/temporary-folder.js';
import type { Group } from './plugins/plan/groups.js';
import { lookUp, type Processing, planProcessing } from './processing.js';
import type { PluginLogEntry, SessionEvent } from './report/events.js';
import type { PlannedRun, PreparedRun } from './report/run.js';

/** A little more than the time that workers have to end. */
const STOP_PATIENCE_MS = 700;

const MEASURING = 'Measuring, once on this machine, the fastest way to run this network here: engine, precision, workers and threads ...';

/** No streams beside the pictures. */
const NOTHING: CarryPlan = { streams: [], covers: [], warnings: [] };

/** A run that has been planned, apart from the file that it writes. */
export type WorkRun = Omit<PreparedRun, 'carried' | 'output'>;

/** A caller's connections to a session. */
export interface SessionHooks {
  /** Stops the run, which then fails with SRVID_INTERRUPTED and leaves no files behind. The error's `cause` is the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
  /** Receives what plugins log and print; standard error where not given. */
  readonly onLog?: ((entry: PluginLogEntry) => void) | undefined;
}

/** The ends of a session that are a program's. */
export interface SessionEnds {
  /** The bytes of input "-"; this process's standard input where not given. */
  readonly bytes?: Readable | undefined;
  /** The input's name in messages. */
  readonly name?: string | undefined;
  /** Opens a source whose frames the program makes itself, in place of the input. */
  readonly openFrames?: ((options: EvaluationOptions) => Promise<OpenedSource>) | undefined;
  /** The receiver of output "-"; this process's standard output where not given. */
  readonly writable?: Writable | undefined;
}

/** Probes and plans everything, so that every mistake is reported before the first frame. */
export async function prepare(request: SessionRequest, hooks: SessionHooks, ends: SessionEnds = {}): Promise<PreparedRun> {
  const startedAt = performance.now();
  const asked = parseSessionOptions(request);
  if (hooks.signal?.aborted) throw interruption(hooks.signal.reason);
  const binary = await findFfmpeg();
  const { opened, plan } = await prepareSource(asked, binary, hooks, ends);
  // Before the machine is measured, which takes seconds.
  const container = containerFor(asked.output, asked.format);
  const output = asked.output === '-' ? undefined : await prepareTarget(asked, container);
  const [processing, carried] = await Promise.all([plan(), planCarry(carryRequest(binary, asked, opened, container, hooks.signal))]);
  return { ...processing, options: asked, binary, opened, container, carried, output, startedAt };
}

/** Probes and plans a run of which another process writes the output. @throws the errors of `prepare` about input and processing */
export async function prepareWork(request: SessionRequest, hooks: SessionHooks): Promise<WorkRun> {
  const startedAt = performance.now();
  const asked = parseSessionOptions(request);
  const binary = await findFfmpeg();
  const { opened, plan } = await prepareSource(asked, binary, hooks, {});
  return { ...(await plan()), options: asked, binary, opened, container: containerFor(asked.output, asked.format), startedAt };
}

/** Plans the output of a run. `output` is the file that is written. @throws with `strict` SRVID_OUTPUT_FORMAT */
export function outputOf(prepared: WorkRun, output: string, carried: CarryPlan = NOTHING): PlannedOutput {
  const { options, opened, groups, preset, container } = prepared;
  return planOutput({
    ...{ container, carried, output, startNumber: options.startNumber },
    ...{ source: opened, range: options, format: (groups.at(-1) as Group).output, strict: options.strict, salvage: options.salvage },
    stallTimeoutMs: options.stallTimeoutMs,
    encoderFor: (muxer) => encoderSettings(options, preset.preset, muxer),
  });
}

/** Probes and plans a run whose frames a program takes. ffmpeg is looked for only where it is to decode. */
export async function prepareFrames(asked: EvaluationOptions, hooks: SessionHooks, ends: SessionEnds): Promise<PlannedRun> {
  const startedAt = performance.now();
  if (hooks.signal?.aborted) throw interruption(hooks.signal.reason);
  const binary = ends.openFrames ? undefined : await findFfmpeg();
  const { opened, plan } = await prepareSource(asked, binary, hooks, ends);
  return { ...(await plan()), options: asked, binary, opened, startedAt };
}

async function prepareSource(
  asked: EvaluationOptions,
  binary: FfmpegBinary | undefined,
  { signal, onEvent }: SessionHooks,
  ends: SessionEnds,
): Promise<{ readonly opened: OpenedSource; readonly plan: () => Promise<Processing> }> {
  const [installed] = await Promise.all([lookUp(asked), removeDeadFolders()]);
  signal?.throwIfAborted();
  const opened = ends.openFrames || !binary ? await ends.openFrames?.(asked) : await openSource(binary, asked, ends);
  if (!opened) throw new Error('prepareSource: without an ffmpeg a program must give the frames');
  signal?.throwIfAborted();
  const onMeasure = () => onEvent?.({ v: 1, type: 'measuring', message: MEASURING });
  const meter = binary && (() => measureCompression(binary, opened, signal));
  return { opened, plan: () => planProcessing(asked, installed, opened.source.info, { signal, onMeasure, measureCompression: meter }) };
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

/** Probing may wait for bytes or frames; an interrupt ends that, too, and lets go of them. */
export async function orAborted<Prepared>(preparing: Promise<Prepared>, { signal }: SessionHooks, letGo: () => void): Promise<Prepared> {
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
    letGo();
    // The same signal ends everything that was started. Work that hangs in the system is not waited for.
    await withTimeout(settled, STOP_PATIENCE_MS, () => new Error('too late')).catch(() => {});
    throw interruption(signal.reason);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}

/** The error of a run that was stopped; its cause is the signal's reason itself. */
export function interruption(reason: unknown): SrvidError {
  return new SrvidError('SRVID_INTERRUPTED', 'The run was interrupted; no output was written.', {}, reason);
}
