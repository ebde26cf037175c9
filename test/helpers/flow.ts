import { emptyFlow, type FrameFlow } from '../../dist/pipeline/engine/frame-flow.js';
import { Credits } from '../../dist/pipeline/engine/lossless/credits.js';
import { runFrames } from '../../dist/pipeline/engine/lossless/flow.js';
import { SlotRing } from '../../dist/pipeline/frames/ring.js';
import type { Stage, Ticket } from '../../dist/plugins/workers/stage.js';

export const FORMAT = { kind: 'gray', width: 2, height: 1 } as const;

/** The part at which a run is made to fail or stop, and the frame. */
export interface Fault {
  readonly where: 'decode' | 'stage' | 'encode' | 'abort';
  readonly at: number;
}

export interface FlowScript {
  /** Contents of the frames, one number each; equal neighbours are duplicates. */
  readonly contents: readonly number[];
  readonly stages: readonly { readonly past: number; readonly future: number; readonly reusable: boolean; readonly concurrency: number }[];
  readonly credits: number;
  readonly fault?: Fault | undefined;
  /** Called wherever something may take its time. */
  readonly pause: (where: 'decode' | 'stage' | 'encode') => Promise<unknown>;
}

export interface FlowResult {
  readonly written: readonly { readonly pts: number; readonly content: number }[];
  readonly flow: FrameFlow;
  readonly failure: unknown;
  readonly slotsInUse: readonly number[];
  readonly mostInFlight: number;
  readonly inFlight: number;
  readonly processed: number;
}

/** A stage's result for a neighbourhood, so that a wrong neighbour shows: digits of a number to base 31, modulo 251. */
export function blend(contents: readonly number[]): number {
  return contents.reduce((sum, content) => (sum * 31 + content + 1) % 251, 0);
}

/** Runs `runFrames` on a source and a sink that hold numbers, with rings that are as small as the engine makes them. */
export async function runScript({ contents, stages: shapes, credits, fault, pause }: FlowScript): Promise<FlowResult> {
  const pool = new Credits(credits);
  const stop = new AbortController();
  const rings = [
    new SlotRing(FORMAT, credits + (shapes[0]?.past ?? 0) + 1),
    ...shapes.map(({ reusable }, index) => new SlotRing(FORMAT, credits + (shapes[index + 1]?.past ?? 0) + (reusable ? 1 : 0))),
  ];
  const failsAt = (where: Fault['where'], index: number) => {
    if (fault?.at === index && fault.where === 'abort') stop.abort(new Error('fault in abort'));
    if (fault?.where === where && fault.at === index) throw new Error(`fault in ${where}`);
  };
  const seen = { read: 0, most: 0, processed: 0 };
  const decoder = {
    async next(slot: () => Uint8Array): Promise<number | undefined> {
      await pause('decode');
      failsAt('decode', seen.read);
      if (seen.read === contents.length) return undefined;
      slot().fill(contents[seen.read] as number);
      seen.most = Math.max(seen.most, pool.inFlight);
      return 100 + 3 * seen.read++;
    },
  };
  const written: { pts: number; content: number }[] = [];
  const encoder = {
    async write(pts: number, bytes: Uint8Array): Promise<void> {
      failsAt('encode', written.length);
      await pause('encode');
      written.push({ pts, content: bytes[0] as number });
    },
  };
  const stages = shapes.map((shape, index): Stage => {
    const [input, output] = [rings[index] as SlotRing, rings[index + 1] as SlotRing];
    return {
      ...shape,
      name: `stage ${index}`,
      input: FORMAT,
      output: FORMAT,
      window: shape,
      async process(ticket: Ticket, neighbours: readonly Ticket[]): Promise<Ticket> {
        const slot = output.take();
        await pause('stage');
        failsAt('stage', ticket.sequence);
        output.bytes(slot).fill(blend(neighbours.map((neighbour) => input.bytes(neighbour.slot)[0] as number)));
        seen.processed++;
        return { ...ticket, slot, duplicate: false };
      },
    };
  });
  const flow = emptyFlow();
  const failure = await runFrames({ decoder, encoder, rings, stages, credits: pool, signal: stop.signal, flow }).catch((error: unknown) => error);
  return { written, flow, failure, slotsInUse: rings.map((ring) => ring.inUse), mostInFlight: seen.most, inFlight: pool.inFlight, processed: seen.processed };
}
