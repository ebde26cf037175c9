import { SrvidError } from '../errors.js';
import type { SegmentHooks } from '../jobs/long-run.js';
import { findFfmpeg } from '../pipeline/ffmpeg/binary.js';
import type { Messages } from './messages.js';
import type { RunFlags } from './run-options.js';

/**
 * The hooks by which a run's segments are made by the workers of a queue, where --queue is given.
 * @throws SRVID_OPTION_INVALID where options of the queue are incomplete
 */
export function queueHooks({ queue, share, priority }: Pick<RunFlags, 'queue' | 'share' | 'priority'>, messages: Messages): Pick<SegmentHooks, 'scheduler'> {
  if (queue === undefined) {
    if ((share ?? priority) === undefined) return {};
    throw new SrvidError('SRVID_OPTION_INVALID', '--share and --priority are for several machines: give --queue, too.');
  }
  if (share === undefined) {
    throw new SrvidError('SRVID_OPTION_INVALID', '--queue needs --share: the folder, or s3://bucket/prefix, by which sources and pieces reach the workers.');
  }
  const scheduler: SegmentHooks['scheduler'] = async ({ folder }) => {
    const [{ QueueScheduler }, { version: ffmpeg }] = await Promise.all([import('../queue/queue-scheduler.js'), findFfmpeg()]);
    const opened = await QueueScheduler.open({ queue, ffmpeg, share, pieces: folder, priority });
    if ((await opened.workers()) === 0) messages.say(`no worker serves the queue ${opened.name} yet: "srvid worker --queue ... --share ..." starts one`);
    return opened;
  };
  return { scheduler };
}
