import { finalize, map, type Observable, type OperatorFunction } from 'rxjs';
import type { Stage, Ticket } from '../../../plugins/workers/stage.js';
import type { SlotRing } from '../../frames/ring.js';
import type { Decoder } from '../../input/decode.js';
import type { Encoder } from '../../output/encode.js';
import type { FrameFlow } from '../frame-flow.js';
import { FrameReader } from '../frame-reader.js';
import { fromPull, type Neighbourhood, orderedMap, runGraph, withNeighbours } from '../graph.js';
import type { Credits } from './credits.js';

/** The parts between which frames flow without loss. */
export interface FlowParts {
  readonly decoder: Pick<Decoder, 'next'>;
  readonly encoder: Pick<Encoder, 'write'>;
  /** One ring more than stages. The decoder fills the first, each stage the one after it. */
  readonly rings: readonly SlotRing[];
  readonly stages: readonly Stage[];
  readonly credits: Credits;
  readonly signal: AbortSignal;
  readonly flow: FrameFlow;
}

const NO_SLOT = -1;

/**
 * Carries all frames of a source through the stages to the encoder, in order, each exactly once.
 * @throws the first failure of any part, or the signal's reason
 */
export async function runFrames({ decoder, encoder, rings, stages, credits, signal, flow }: FlowParts): Promise<void> {
  // Duplicates are found among frames as they were read, which only the first stage receives.
  const reader = new FrameReader(decoder, rings[0] as SlotRing, stages[0]?.reusable === true);
  const source = frames(reader, credits, flow);
  const graph = stages.reduce((upstream, stage, index) => upstream.pipe(runStage(stage, rings[index] as SlotRing, rings[index + 1] as SlotRing)), source);
  const finished = rings.at(-1) as SlotRing;
  await runGraph(
    graph,
    async (ticket) => {
      await encoder.write(ticket.pts, finished.bytes(ticket.slot));
      finished.release(ticket.slot);
      credits.give();
      flow.framesOut++;
      flow.outcomes[ticket.reused ? 'reused' : ticket.bypassed ? 'bypassed' : 'sr']++;
    },
    signal,
  );
}

/** Reads frames while there are credits. */
function frames(reader: FrameReader, credits: Credits, flow: FrameFlow): Observable<Ticket> {
  return fromPull(async () => {
    if (!(await credits.take())) return undefined;
    const frame = await reader.next();
    if (frame) return { ...frame, sequence: flow.framesIn++, reused: false, bypassed: false };
    credits.give();
    return undefined;
  });
}

/** One stage as an operator: tickets of `input` to tickets of `output`, both in order. */
function runStage(stage: Stage, input: SlotRing, output: SlotRing): OperatorFunction<Ticket, Ticket> {
  const { past, future } = stage.window;
  const keep = (ticket: Ticket) => input.retain(ticket.slot);
  const leave = (ticket: Ticket) => input.release(ticket.slot);
  const work = async ({ value, neighbours }: Neighbourhood<Ticket>): Promise<Ticket> => {
    try {
      if (stage.reusable && value.duplicate) return { ...value, slot: NO_SLOT };
      return await stage.process(value, neighbours);
    } finally {
      for (const ticket of neighbours) leave(ticket);
    }
  };
  return (source) => source.pipe(withNeighbours(past, future, keep, leave), orderedMap(stage.concurrency, work), reuseLast(stage, output));
}

/**
 * Gives a duplicate the result of the frame before it. It runs in order, so that this is always the last result seen.
 */
function reuseLast(stage: Stage, ring: SlotRing): OperatorFunction<Ticket, Ticket> {
  if (!stage.reusable) return (source) => source;
  let last = NO_SLOT;
  return (source) =>
    source.pipe(
      map((ticket) => {
        const reused = ticket.slot === NO_SLOT;
        const slot = reused ? last : ticket.slot;
        ring.retain(slot);
        if (reused) return { ...ticket, slot, reused };
        if (last !== NO_SLOT) ring.release(last);
        last = slot;
        return ticket;
      }),
      finalize(() => {
        if (last !== NO_SLOT) ring.release(last);
        last = NO_SLOT;
      }),
    );
}
