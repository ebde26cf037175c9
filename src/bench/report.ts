/** One preset at one scale, on this machine; medians of the rounds unless said otherwise. */
export interface BenchCase {
  readonly preset: string;
  readonly scale: number;
  readonly source: string;
  readonly target: string;
  readonly models: readonly string[];
  /** By how many threads, each running how many inside a network. */
  readonly workers: number;
  readonly threads: number;
  /** Milliseconds of one core a frame, each stage by itself. `srvid` is what the process uses beyond the network, in the whole run. */
  readonly coreMs: { readonly decode: number; readonly network: number; readonly srvid: number; readonly encode: number };
  /** cores x 1000 / (decode + network + encode). */
  readonly boundFps: number;
  /** End to end, start-up excluded. */
  readonly fps: number;
  /** The same without an encoder. */
  readonly discardedFps: number;
  /** fps / boundFps, of each round; the median. */
  readonly efficiency: number;
  /** Of the network as published, without padding; one thread. */
  readonly gmacPerSecond: number;
  /** Of `BenchReport.peakGmacPerSecond` of the same round. */
  readonly peakShare: number;
  /** Milliseconds of one frame through the network, by 1 and 2 threads. */
  readonly latencyMs: { readonly one: number; readonly two: number };
  readonly startupSeconds: number;
  readonly peakRssMB: number;
  readonly eventLoopP99Ms: number;
}

export interface BenchReport {
  readonly v: 1;
  readonly machine: string;
  readonly srvid: string;
  readonly ffmpeg: string;
  readonly clip: string;
  readonly frames: number;
  readonly rounds: number;
  readonly encoder: string;
  /** One core, large int8 convolutions. */
  readonly peakGmacPerSecond: number;
  readonly cases: readonly BenchCase[];
}
