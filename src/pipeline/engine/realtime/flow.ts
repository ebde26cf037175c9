import type { Clock } from '../../frames/clock.js';
import type { SlotRing } from '../../frames/ring.js';
import type { Decoder } from '../../input/decode.js';
import type { Encoder } from '../../output/encode.js';
import { fromPull, orderedMap, runGraph } from '../graph.js';
import type { FrameFlow } from '../lossless/flow.js';
import type { Arrival, DropPolicy, Ending } from '../outcome.js';
import type { Dispatcher } from './dispatcher.js';
import type { Schedule } from './schedule.js';
import type { RealtimeStats } from './stats.js';

export interface RealtimeParts {
  readonly decoder: Pick<Decoder, 'next'>;
  readonly encoder: Pick<Encoder, 'write'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly dispatcher: Dispatcher;
  readonly policy: DropPolicy;
  readonly input: SlotRing;
  readonly output: SlotRing;
  /** Equal frames may share a result. */
  readonly reusable: boolean;
  readonly signal: AbortSignal;
  readonly flow: FrameFlow;
  readonly stats: RealtimeStats;
}

/**
 * Lets the frames of a source flow to the encoder under deadlines: each is submitted as it comes, ends in one outcome,
 * and is written in order unless it was dropped. Reading never waits for anything but the source, and its clock, unless
 * the policy is to block. What waits is bounded by the dispatcher; of dropped frames only their endings do.
 */
export async function runRealtime(parts: RealtimeParts): Promise<void> {
  const { encoder, clock, dispatcher, output, signal, flow, stats } = parts;
  const endings = arrivals(parts).pipe(orderedMap(Number.POSITIVE_INFINITY, (arrival: Arrival) => dispatcher.submit(arrival)));
  const write = async (ending: Ending) => {
    if (ending.slot === undefined) {
      stats.dropped(ending);
    } else {
      const since = clock.now();
      await encoder.write(ending.arrival.pts, output.bytes(ending.slot));
      const until = clock.now();
      stats.written(ending, since, until);
      dispatcher.handedOver(ending, until - since);
      flow.framesOut++;
    }
    flow.outcomes[ending.outcome]++;
  };
  await runGraph(endings, write, signal);
}

/** Reads frames, each into a slot of its own, and holds them back until they are due. */
function arrivals({ decoder, schedule, dispatcher, policy, input, reusable, signal, flow, stats }: RealtimeParts) {
  let previous: number | undefined;
  return fromPull<Arrival>(async () => {
    if (policy === 'block') await dispatcher.place();
    const slot = input.take();
    const pts = await decoder.next(() => input.bytes(slot));
    const duplicate = reusable && pts !== undefined && previous !== undefined && Buffer.compare(input.bytes(previous), input.bytes(slot)) === 0;
    if (previous !== undefined) input.release(previous);
    if (pts === undefined) {
      input.release(slot);
      return undefined;
    }
    previous = slot;
    input.retain(slot);
    const appointment = await schedule.meet(pts, signal);
    stats.arrived(dispatcher.depth);
    return { ...appointment, sequence: flow.framesIn++, pts, slot, duplicate };
  });
}
