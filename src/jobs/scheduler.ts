import * as z from 'zod';
import type { SessionRequest } from '../options/requests.js';

/*
 * One way of getting segments done, whoever does them: threads of this process, or other processes and machines behind a
 * queue. All that passes between the two sides is plain JSON.
 */

/** A fraction in JSON, `num / den`. */
const rationalSchema = z.object({ num: z.int(), den: z.int().positive() });

/**
 * The part of a source that a segment holds: frames whose pts lie in [from, to). Both are ticks of `timeBase`, on the clock
 * of the output, which counts from where the source or the cut begins (see `Source.shiftSeconds`). `from` is the pts of a frame that can be
 * decoded without earlier ones. `null` is the beginning, or the end, of the source.
 */
export const spanSchema = z.object({ from: z.int().nullable(), to: z.int().nullable(), timeBase: rationalSchema });

/** A file as it was when its job was planned. A worker that finds another one refuses the job. */
export const fingerprintSchema = z.object({
  /** Absolute path, on the machine that planned the job. */
  path: z.string(),
  bytes: z.int().nonnegative(),
  /** Time of the last change, in whole milliseconds since 1970. */
  changedMs: z.number(),
  /** SHA-256 of the first and the last MiB, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** One segment to be made, complete: whoever has srvid, the source and a place for pieces can do it. */
export const segmentJobSchema = z.object({
  v: z.literal(1),
  /** Name of the whole, equal for all of its segments: 16 hex digits, from source and options. */
  whole: z.string().regex(/^[0-9a-f]{16}$/),
  /** Number of this segment, from 0, and of all segments. */
  index: z.int().nonnegative(),
  count: z.int().positive(),
  source: fingerprintSchema,
  /** The session's options as a program gives them, with input and output. Whatever lies at paths in them must lie there for a worker, too. */
  options: z.record(z.string(), z.unknown()),
  span: spanSchema,
  /** File name of the piece, without a folder: `0000.nut`. */
  piece: z.string().regex(/^\d{4,}\.nut$/),
  /** Frames that are expected in it, for progress alone. */
  frames: z.number().nonnegative(),
});

/** A finished piece, as its maker tells of it. */
export const pieceResultSchema = z.object({
  piece: z.string(),
  /** Frames in it. */
  frames: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  /** SHA-256 of the file, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Frames by outcome: see `Outcome`. */
  outcomes: z.record(z.string(), z.int().nonnegative()),
  /** Milliseconds that the segment took its maker. */
  tookMs: z.number().nonnegative(),
  /** Warnings that the run of the segment gave, a sentence each. */
  warnings: z.array(z.string()),
});

/** See `spanSchema`. */
export type Span = z.output<typeof spanSchema>;
/** See `fingerprintSchema`. */
export type Fingerprint = z.output<typeof fingerprintSchema>;
/** See `segmentJobSchema`. */
export type SegmentJob = z.output<typeof segmentJobSchema> & { readonly options: SessionRequest & Readonly<Record<string, unknown>> };
/** See `pieceResultSchema`. */
export type PieceResult = z.output<typeof pieceResultSchema>;

/** News of one segment. Of each job `done` or `failed` comes last, and once. */
export type SegmentEvent =
  | { readonly type: 'started'; readonly job: SegmentJob; readonly attempt: number }
  /** `frames` of this attempt have been written so far. */
  | { readonly type: 'progress'; readonly job: SegmentJob; readonly frames: number }
  /** The attempt failed, and the job is tried again after `delayMs`. */
  | { readonly type: 'retry'; readonly job: SegmentJob; readonly error: unknown; readonly delayMs: number }
  | { readonly type: 'done'; readonly job: SegmentJob; readonly result: PieceResult }
  | { readonly type: 'failed'; readonly job: SegmentJob; readonly error: unknown };

/** A caller's connections to one making of a piece. */
export interface MakingHooks {
  /** Stops the work, which then rejects with the signal's reason and leaves nothing under the piece's name. */
  readonly signal: AbortSignal;
  /** Called now and then with the frames written so far. */
  readonly onProgress: (frames: number) => void;
}

/**
 * Makes the piece of a job and puts it, whole, under its name where pieces are kept. When it resolves the piece is on disk. A job
 * may be made twice, after a crash: the second piece replaces the first.
 */
export type MakePiece = (job: SegmentJob, hooks: MakingHooks) => Promise<PieceResult>;

/** Wishes for a run of jobs. */
export interface ScheduleHooks {
  /** Stops what runs and starts nothing more. */
  readonly signal: AbortSignal;
  /** Called in the order in which things happen. `done` comes after the piece is on disk. Awaited, so that a journal is kept in step. */
  readonly onEvent: (event: SegmentEvent) => void | Promise<void>;
  /** Jobs with a greater priority go first, among all that wait at the same place; 0 where not given. */
  readonly priority?: number;
}

/** Attempts at a job, and the wait between them, which doubles. */
export interface RetryPolicy {
  /** Attempts in all, from 1 on. */
  readonly attempts: number;
  readonly firstDelayMs: number;
}

/** Gets segments done. `LocalScheduler` has them made in this process; another may hand them to a queue. */
export interface Scheduler {
  /**
   * Has all jobs made, in their order as far as there is room, and resolves when each is done.
   * @throws the error of the first job that failed for good, after the others have been stopped; the signal's reason
   */
  run(jobs: readonly SegmentJob[], hooks: ScheduleHooks): Promise<void>;
  /** Gives up what the scheduler holds. Safe at any time. */
  close(): Promise<void>;
}
