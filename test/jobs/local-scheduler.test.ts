import { expect, it } from 'vitest';
import { LocalScheduler } from '../../dist/jobs/local-scheduler.js';
import type { MakePiece, PieceResult, SegmentEvent, SegmentJob } from '../../dist/jobs/scheduler.js';
import { segmentJobSchema } from '../../dist/jobs/scheduler.js';

const HASH = '0'.repeat(64);
const JOBS: readonly SegmentJob[] = Array.from({ length: 5 }, (_, index) => ({
  v: 1,
  whole: '0123456789abcdef',
  index,
  count: 5,
  source: { path: '/clip.mkv', bytes: 1, changedMs: 0, sha256: HASH },
  options: { input: '/clip.mkv', output: '/out.mkv' },
  span: { from: index === 0 ? null : index * 100, to: (index + 1) * 100, timeBase: { num: 1, den: 100 } },
  piece: `000${index}.nut`,
  frames: 10,
}));
const resultOf = ({ piece }: SegmentJob): PieceResult => ({ piece, frames: 10, bytes: 1, sha256: HASH, outcomes: {}, tookMs: 1, warnings: [] });

async function scheduled(make: MakePiece, options: Partial<ConstructorParameters<typeof LocalScheduler>[1]> = {}, signal = new AbortController().signal) {
  const events: SegmentEvent[] = [];
  const scheduler = new LocalScheduler(make, { concurrency: 2, ...options });
  const failure = await scheduler.run(JOBS, { signal, onEvent: (event) => void events.push(event) }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { failure, events, of: (type: SegmentEvent['type']) => events.filter((event) => event.type === type).map(({ job }) => job.index) };
}

it('a job is plain JSON, which another process reads as it was', () => {
  for (const job of JOBS) expect(segmentJobSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(job);
});

it('jobs begin in their order, no more at once than is said, and each is told as done once', async () => {
  let [atOnce, most] = [0, 0];
  const { failure, of } = await scheduled(async (job) => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce--;
    return resultOf(job);
  });
  expect(failure).toBeUndefined();
  expect(of('started')).toEqual([0, 1, 2, 3, 4]);
  expect(of('done').toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});

it('a job that fails is tried again as often as is said, and then ends the others with its own error', async () => {
  let tries = 0;
  const flaky: MakePiece = async (job) => {
    if (job.index === 2 && ++tries < 3) throw new Error('not yet');
    return resultOf(job);
  };
  const mended = await scheduled(flaky, { retry: { attempts: 3, firstDelayMs: 0 } });
  expect(mended.failure).toBeUndefined();
  expect(mended.of('retry')).toEqual([2, 2]);
  const wrong = new Error('never');
  const lost = await scheduled(
    async (job) => {
      if (job.index === 1) throw wrong;
      return resultOf(job);
    },
    { concurrency: 1 },
  );
  expect(lost.failure).toBe(wrong);
  expect(lost.of('started')).toEqual([0, 1]);
  expect(lost.of('failed')).toEqual([1]);
});

it('the signal ends what is at work, and nothing more is begun', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const { failure, of } = await scheduled(
    (job, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        if (job.index === 1) stop.abort(reason);
        else if (job.index > 1) resolve(resultOf(job));
      }),
    {},
    stop.signal,
  );
  expect(failure).toBe(reason);
  expect(of('started')).toEqual([0, 1]);
  expect(of('done')).toEqual([]);
});
