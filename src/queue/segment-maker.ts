import { join } from 'node:path';
import { SrvidError } from '../errors.js';
import { PieceMaker } from '../jobs/piece-maker.js';
import type { SegmentJob } from '../jobs/scheduler.js';
import { fingerprintOf } from '../jobs/source-mark.js';
import { settleOutput } from '../pipeline/output/output-steps.js';
import { outputOf, prepareWork, type SessionHooks } from '../prepare.js';
import type { OpenMaker } from './open-makers.js';

/**
 * Makes ready for the pieces of a video, as its submitter planned them: looks at the source, loads networks, tries the encoder.
 * @throws SRVID_WORKER_UNFIT where the source here is another one; the errors of a session
 */
export async function openMaker(job: SegmentJob, folder: string, { signal, onLog }: Pick<SessionHooks, 'signal' | 'onLog'>): Promise<OpenMaker> {
  const { source } = job;
  if ((await fingerprintOf(source.path)).sha256 !== source.sha256) {
    throw new SrvidError('SRVID_WORKER_UNFIT', `The source ${source.path} has other contents here than where the video was submitted.`, { path: source.path });
  }
  const prepared = await prepareWork(job.options, { signal });
  const { binary, opened, options } = prepared;
  const planned = outputOf(prepared, join(folder, 'piece.nut'));
  // The submitter has told what is converted.
  const plan = await settleOutput({ binary, opened, planned, options, drops: false, signal, warn: () => {} });
  const maker = new PieceMaker({ prepared, plan: Promise.resolve(plan), folder, inOrder: false, onNote: (note) => note.type === 'log' && onLog?.(note) });
  await maker.open();
  return { make: maker.make, close: () => maker.close() };
}
