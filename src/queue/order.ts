import * as z from 'zod';
import { SrvidError } from '../errors.js';
import { type SegmentJob, segmentJobSchema } from '../jobs/scheduler.js';
import { fileHash } from '../jobs/source-mark.js';
import { ownFiles } from '../plugins/own-files.js';

const orderSchema = z.object({
  segment: segmentJobSchema,
  /** SHA-256 in hex of the user's files that make the result, by path: plugins, preset, network. */
  files: z.record(z.string(), z.string()),
});

/** A segment as the queue has it: with what a worker must have as well. */
export type Order = z.output<typeof orderSchema> & { readonly segment: SegmentJob };

/** The hashes of the user's files that a video's options name. @throws SRVID_PLUGIN_UNKNOWN */
export async function hashesOf({ options }: SegmentJob): Promise<Order['files']> {
  return Object.fromEntries(await Promise.all((await ownFiles(options)).map(async (path) => [path, await fileHash(path)])));
}

/**
 * Reads what the queue gave, and makes sure that this machine has the same files.
 * @throws an Error where it is no order, SRVID_WORKER_UNFIT
 */
export async function readOrder(data: unknown): Promise<SegmentJob> {
  const { segment, files } = orderSchema.parse(data) as Order;
  for (const [path, sha256] of Object.entries(files)) {
    const here = await fileHash(path).catch(() => undefined);
    if (here === sha256) continue;
    const found = here === undefined ? 'is not there' : 'has other contents';
    const message = `The file ${path} makes the result, and ${found} on this machine. Put the submitter's there, or end this worker.`;
    throw new SrvidError('SRVID_WORKER_UNFIT', message, { path });
  }
  return segment;
}
