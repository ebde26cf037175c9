import type { InferenceSettings } from '../../plugins/inference/backend.js';
import type { NoteListener, PluginErrorPolicy, PluginMetric } from '../../plugins/notes.js';
import type { FrameOrigin } from '../../plugins/plan/groups.js';
import type { Durations } from '../frames/durations.js';
import type { Decoder } from '../input/decode.js';
import type { Encoder } from '../output/encode.js';
import type { FrameFlow } from './frame-flow.js';
import type { RealtimeReport } from './realtime-report.js';

/** The decoder and the encoder between which an engine carries frames. */
export interface EngineEnds {
  readonly decoder: Pick<Decoder, 'next'>;
  readonly encoder: Pick<Encoder, 'write'>;
  readonly signal: AbortSignal;
  readonly flow: FrameFlow;
}

/** Working time of one plugin, and the number of threads that ran it. */
export interface StageTime {
  readonly name: string;
  readonly durations: Durations;
  readonly threads: number;
}

/** Carries frames from the decoder to the encoder: without loss, or in real time. */
export interface Engine {
  /** Loads every plugin and network. @throws the error of the first that cannot be loaded */
  open(): Promise<void>;
  /**
   * Carries frames until the source ends. To be called once, after `open`.
   * @throws the first failure of any part, or the signal's reason
   */
  run(ends: EngineEnds): Promise<void>;
  /** Tells plugins that the last frame is through; to be called after `run`. @throws the first error that one of them throws then */
  flush(): Promise<void>;
  /** Ends the threads. Safe at any time. */
  close(): Promise<void>;
  stageTimes(): readonly StageTime[];
  /** The report on frames under deadlines; undefined where frames have none. */
  realtime(): RealtimeReport | undefined;
  /** Figures that plugins have told so far. */
  pluginMetrics(): readonly PluginMetric[];
}

/** Settings that every engine needs to start its workers. */
export interface EngineSetup {
  readonly origin: FrameOrigin;
  readonly inference: InferenceSettings;
  readonly workers: number;
  readonly taskTimeoutMs: number;
  /** Receives what plugins tell, but for metrics; without it log entries go to standard error. */
  readonly onNote?: NoteListener;
  /** 'fail' where not given. */
  readonly onError?: PluginErrorPolicy;
}
