import { extname } from 'node:path';
import { type ErrorRecord, SrvidError } from '../errors.js';
import type { PieceResult, SegmentJob } from '../jobs/scheduler.js';

/** The name of a segment in the queue. */
export function jobIdOf({ whole, index }: SegmentJob): string {
  return `${whole}-${index}`;
}

/** The key of a job's source in the share. The ending is kept, since a few kinds of files are known by it. */
export function sourceKey({ whole, source }: SegmentJob): string {
  const ending = extname(source.path);
  return `${whole}/source${/^\.\w{1,8}$/.test(ending) ? ending : ''}`;
}

/** The key of a finished piece, which names its content: a second making of a piece never changes the first. */
export function pieceKey({ whole }: SegmentJob, { piece, sha256 }: PieceResult): string {
  return `${whole}/${sha256.slice(0, 16)}-${piece}`;
}

/** An error as the text that the queue keeps of it. */
export function textOfError(error: unknown): string {
  const known = error instanceof SrvidError ? error : new SrvidError('SRVID_INTERNAL', error instanceof Error ? error.message : String(error));
  const { code, message, details } = known;
  return JSON.stringify({ code, message, details } satisfies ErrorRecord);
}

/** The error that such a text stands for. Any other text, as of the queue itself, becomes the message. */
export function errorOfText(text: string | undefined): SrvidError {
  try {
    return SrvidError.fromRecord(JSON.parse(text ?? '') as ErrorRecord);
  } catch {
    return new SrvidError(
      'SRVID_QUEUE_FAILED',
      `The queue gave a segment up: ${text ?? 'it says no reason'}. Look at what its workers say, then give the same command again.`,
    );
  }
}
