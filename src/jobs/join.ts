import { join } from 'node:path';
import { SrvidError } from '../errors.js';
import type { FfmpegBinary } from '../pipeline/ffmpeg/binary.js';
import type { NutStream } from '../pipeline/nut/syntax.js';
import { cutChapters } from '../pipeline/output/cut-chapters.js';
import { Encoder } from '../pipeline/output/encode.js';
import type { EncodePlan } from '../pipeline/output/encode-plan.js';
import { copiedTimeBase, packetsAhead } from '../pipeline/output/mux-options.js';
import { PieceFile } from './piece-format.js';
import type { PieceResult } from './scheduler.js';
import { fileHash } from './source-mark.js';

const CHAPTERS = 'chapters.txt';

/** Finished pieces to join, and the output that they become. */
export interface JoinRequest {
  readonly binary: FfmpegBinary;
  /** The plan of the whole output, complete: with its carried streams, covers and tags. */
  readonly plan: EncodePlan;
  readonly folder: string;
  /** In order. */
  readonly pieces: readonly PieceResult[];
  readonly signal: AbortSignal;
}

/**
 * Writes the output: the pictures of all pieces as they are coded, and from the source all else.
 * @returns lines about damage in the streams beside the pictures
 * @throws SRVID_JOB_DAMAGED where a piece does not fit the first; the errors of `Encoder`
 */
export async function joinPieces({ binary, plan: whole, folder, pieces, signal }: JoinRequest): Promise<readonly string[]> {
  const { carry } = whole;
  const isCut = carry.from === 'file' && carry.lastsSeconds !== undefined;
  const chapters = isCut ? await cutChapters(binary, carry, join(folder, CHAPTERS)) : undefined;
  const plan = { ...whole, codedTimeBase: copiedTimeBase(whole), ...(isCut && { carry: { ...carry, chapters } }) };
  const stream = await commonStream(folder, pieces, plan);
  const [bytes, frames] = [pieces.reduce((sum, piece) => sum + piece.bytes, 0), pieces.reduce((sum, piece) => sum + piece.frames, 0)];
  const encoder = new Encoder(binary, { ...plan, coded: stream, ahead: packetsAhead(bytes / Math.max(1, frames)) });
  const stop = () => void encoder.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    await encoder.open();
    for (const { piece } of pieces) {
      const file = await PieceFile.open(join(folder, piece), plan);
      for (let packet = await file.next(); packet; packet = await file.next()) await encoder.writeCoded(packet.pts, packet.key, packet.data);
    }
    await encoder.finish();
    return encoder.damage;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    await encoder.stop();
  }
}

/** The numbers of pieces that are not on disk as they were written. */
export async function damagedPieces(folder: string, pieces: readonly (readonly [index: number, piece: PieceResult])[]): Promise<readonly number[]> {
  const damaged: number[] = [];
  for (const [index, { piece, sha256 }] of pieces) {
    const found = await fileHash(join(folder, piece)).catch(() => undefined);
    if (found !== sha256) damaged.push(index);
  }
  return damaged;
}

/** The stream of which all pieces are parts: its decoder is set up once, and must fit all. */
async function commonStream(folder: string, pieces: readonly PieceResult[], plan: EncodePlan): Promise<NutStream> {
  let common: NutStream | undefined;
  for (const { piece } of pieces) {
    const file = await PieceFile.open(join(folder, piece), plan);
    const { stream } = file;
    file.close();
    if (common && !isAlike(common, stream)) {
      const message = `The piece ${piece} in ${folder} was coded with other settings than the first one, so they cannot be joined. Remove the job with "srvid jobs clean", and begin anew.`;
      throw new SrvidError('SRVID_JOB_DAMAGED', message, { piece });
    }
    common = { ...stream, decodeDelay: Math.max(stream.decodeDelay ?? 0, common?.decodeDelay ?? 0) };
  }
  if (!common) throw new Error('joinPieces: there are no pieces');
  return common;
}

function isAlike(a: NutStream, b: NutStream): boolean {
  const sizes = a.video?.width === b.video?.width && a.video?.height === b.video?.height;
  return a.fourcc === b.fourcc && sizes && Buffer.compare(a.codecData ?? Buffer.alloc(0), b.codecData ?? Buffer.alloc(0)) === 0;
}
