import type { InferenceSettings } from '../../plugins/inference/backend.js';
import type { FrameOrigin } from '../../plugins/plan/groups.js';
import type { Durations } from '../frames/durations.js';
import type { Decoder } from '../input/decode.js';
import type { Encoder } from '../output/encode.js';
import type { FrameFlow } from './frame-flow.js';
import type { RealtimeReport } from './realtime-report.js';

/** Between which ends frames flow. */
export interface EngineEnds {
  readonly decoder: Pick<Decoder, 'next'>;
  readonly encoder: Pick<Encoder, 'write'>;
  readonly signal: AbortSignal;
  readonly flow: FrameFlow;
}

/** How long one plugin worked, on how many threads. */
export interface StageTime {
  readonly name: string;
  readonly durations: Durations;
  readonly threads: number;
}

/** What carries frames from the decoder to the encoder: without loss, or in real time. */
export interface Engine {
  /** Loads every plugin and network. @throws what could not be loaded */
  open(): Promise<void>;
  /** Until the source ends. @throws the first failure of anything, or the signal's reason */
  run(ends: EngineEnds): Promise<void>;
  /** Ends the threads. Safe at any time. */
  close(): Promise<void>;
  stageTimes(): readonly StageTime[];
  /** What became of frames under deadlines; undefined where they have none. */
  realtime(): RealtimeReport | undefined;
}

/** What every engine needs to start its workers. */
export interface EngineSetup {
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  readonly workers: number;
  readonly taskTimeoutMs: number;
}
