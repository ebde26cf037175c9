import type { Clock } from '../../frames/clock.js';
import type { SlotRing } from '../../frames/ring.js';
import type { Decoder } from '../../input/decode.js';
import type { Encoder } from '../../output/encode.js';
import type { FrameFlow } from '../frame-flow.js';
import { FrameReader } from '../frame-reader.js';
import { fromPull, orderedMap, runGraph } from '../graph.js';
import type { Arrival, Ending } from '../outcome.js';
import type { Dispatcher } from './dispatcher.js';
import type { Schedule } from './schedule.js';
import type { RealtimeStats } from './stats.js';

/** The parts between which frames flow under deadlines. */
export interface RealtimeParts {
  readonly decoder: Pick<Decoder, 'next'>;
  readonly encoder: Pick<Encoder, 'write'>;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly dispatcher: Dispatcher;
  readonly input: SlotRing;
  readonly output: SlotRing;
  /** Equal frames may share a result. */
  readonly reusable: boolean;
  readonly signal: AbortSignal;
  readonly flow: FrameFlow;
  readonly stats: RealtimeStats;
}

/**
 * Carries the frames of a source to the encoder under deadlines. Each frame is submitted when it arrives, has one
 * outcome, and is written in order unless it was dropped. Reading waits for the source and its clock alone, unless the
 * policy holds the source. The dispatcher bounds the frames that wait; of dropped frames only the endings wait for
 * their turn.
 * @throws the first failure of any part, or the signal's reason
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
function arrivals({ decoder, schedule, dispatcher, input, reusable, signal, flow, stats }: RealtimeParts) {
  const reader = new FrameReader(decoder, input, reusable);
  return fromPull<Arrival>(async () => {
    await dispatcher.ready();
    const frame = await reader.next();
    if (!frame) return undefined;
    const timing = await schedule.waitFor(frame.pts, signal);
    stats.arrived(dispatcher.queueLength);
    return { ...timing, ...frame, sequence: flow.framesIn++ };
  });
}
