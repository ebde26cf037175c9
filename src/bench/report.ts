/** Figures of one preset at one scale on this machine. They are medians of the rounds unless stated otherwise. */
export interface BenchCase {
  readonly preset: string;
  readonly scale: number;
  /** Sizes before and after, as "640x360". */
  readonly source: string;
  readonly target: string;
  /** Identifiers of the networks in the order of the chain. */
  readonly models: readonly string[];
  /** The engine of the networks, in words, and the reason for it. */
  readonly engine: string;
  readonly engineReason: string;
  /** `workers`: worker threads. `threads`: threads that each uses inside a network. */
  readonly workers: number;
  readonly threads: number;
  /** CPU milliseconds a frame of each stage by itself. `srvid` is the process's CPU time beyond the network, in the complete run. */
  readonly coreMs: { readonly decode: number; readonly network: number; readonly srvid: number; readonly encode: number };
  /** Upper bound: cores x 1000 / (decode + network + encode). */
  readonly boundFps: number;
  /** Frames a second of the complete run, without start-up. */
  readonly fps: number;
  /** Frames a second without an encoder. */
  readonly discardedFps: number;
  /** Median over the rounds of fps / boundFps. */
  readonly efficiency: number;
  /** Throughput of the network on one thread. MACs are counted as published, without padding. */
  readonly gmacPerSecond: number;
  /** Share of the same round's int8 peak, from 0 to 1. */
  readonly peakShare: number;
  /** Milliseconds of one frame through the network, with 1 and with 2 threads. */
  readonly latencyMs: { readonly one: number; readonly two: number };
  /** Seconds from the start of the run to the first frame. */
  readonly startupSeconds: number;
  /** Largest resident memory of the process, in MB. */
  readonly peakRssMB: number;
  /** 99th percentile of the event loop's delay, in milliseconds. */
  readonly eventLoopP99Ms: number;
}

/** The output of `srvid bench --json`. Fields may be added without a new `v`. */
export interface BenchReport {
  readonly v: 1;
  /** CPU, number of cores, architecture, and versions of Node and ONNX Runtime. */
  readonly machine: string;
  readonly srvid: string;
  readonly ffmpeg: string;
  readonly clip: string;
  readonly frames: number;
  readonly rounds: number;
  /** The options given for the encoder, or a note that each preset's own were used. */
  readonly encoder: string;
  /** The most that one core multiplies in int8. */
  readonly peakGmacPerSecond: number;
  readonly cases: readonly BenchCase[];
}
