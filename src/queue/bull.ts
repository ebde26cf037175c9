import { messageOf, SrvidError } from '../errors.js';
import { withoutSecrets } from '../pipeline/ffmpeg/remote-input.js';
import { packageVersion } from '../version.js';

export type { Job, Queue, QueueEvents, Worker } from 'bullmq';

type Bull = typeof import('bullmq');
type Ioredis = Pick<typeof import('ioredis'), 'Redis'>;

/** Milliseconds in which Redis must answer at the beginning. Later it is waited for without a bound. */
const FIRST_ANSWER_MS = 5000;

/** A queue to connect to. */
export interface QueueAddress {
  /** "redis://user:password@host:port/database", or rediss:// for TLS. */
  readonly url: string;
  /** The version of ffmpeg on this machine. */
  readonly ffmpeg: string;
}

/** BullMQ, and the arguments by which its parts reach the queue of this version of srvid. */
export interface ReachedQueue {
  readonly bull: Bull;
  readonly name: string;
  readonly connection: { readonly url: string; readonly maxRetriesPerRequest: null };
}

/**
 * Loads BullMQ and makes sure that Redis answers. Each pair of versions of srvid and ffmpeg has a queue of its own, so that the pieces of one
 * video are made alike.
 * @throws SRVID_PACKAGE_MISSING, SRVID_OPTION_INVALID, SRVID_QUEUE_FAILED
 */
export async function reachQueue({ url, ffmpeg }: QueueAddress): Promise<ReachedQueue> {
  if (!/^rediss?:\/\/\S+$/i.test(url) || !URL.canParse(url)) {
    throw new SrvidError('SRVID_OPTION_INVALID', `--queue ${withoutSecrets(url)} is not the address of a Redis server. Give one such as redis://host:6379.`);
  }
  const [bull, ioredis] = await loadPackages();
  await assertAnswers(url, ioredis);
  return { bull, name: `srvid-${packageVersion()}-ffmpeg-${ffmpeg.replaceAll(/[^\w.-]/g, '_')}`, connection: { url, maxRetriesPerRequest: null } };
}

/** @throws SRVID_PACKAGE_MISSING */
async function loadPackages(): Promise<[Bull, Ioredis]> {
  return Promise.all([import('bullmq'), import('ioredis')]).catch((error: unknown) => {
    const message =
      'Several machines share their work by the packages bullmq and ioredis, which are not installed. Install them beside srvid: npm install -g bullmq ioredis.';
    throw new SrvidError('SRVID_PACKAGE_MISSING', message, { package: 'bullmq' }, error);
  });
}

/** @throws SRVID_QUEUE_FAILED */
async function assertAnswers(url: string, { Redis }: Ioredis): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: FIRST_ANSWER_MS, commandTimeout: FIRST_ANSWER_MS, retryStrategy: () => null });
  let said: string | undefined;
  redis.on('error', (error) => {
    said = error.message;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const message = `Tried to reach the queue at ${withoutSecrets(url)}: ${said ?? messageOf(error)}. Start Redis there, or give the address where it runs.`;
    throw new SrvidError('SRVID_QUEUE_FAILED', message, {}, error);
  } finally {
    redis.disconnect();
  }
}
