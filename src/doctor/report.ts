/** Everything that `srvid doctor MODEL --json` prints. Fields are only ever added to one `v`. */
export interface Examination {
  readonly v: 1;
  readonly type: 'doctor';
  readonly model: string;
  readonly input: { readonly type: 'uint8' | 'float32'; readonly planes: 'y' | 'rgb'; readonly size?: string };
  readonly speed: SpeedReport;
  /** Absent for networks that store nothing in 8 bits, and have no reference to be compared with. */
  readonly quality?: QualityReport;
  readonly layers: readonly LayerReport[];
  readonly findings: readonly Finding[];
  /** Whether no finding is an illness. What is merely slow is healthy. */
  readonly healthy: boolean;
  /** What could not be examined, and why. */
  readonly warnings: readonly string[];
}

/** One thread, medians in milliseconds, original and rewritten network in turn. */
export interface SpeedReport {
  readonly width: number;
  readonly height: number;
  readonly ms: number;
  /** The same network as `srvid lower` would write it; absent where that has nothing to do. */
  readonly lowered?: { readonly ms: number /** Of what had to be added: channels repeated and cut off. */; readonly addedMs: number; readonly equal: boolean };
  readonly convolutions: readonly ConvolutionReport[];
}

export interface ConvolutionReport {
  /** The node's name or, where it has none, its result's. */
  readonly name: string;
  /** Height and width of the kernel, as "3x3". */
  readonly kernel: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  /** The operator that ONNX Runtime computes it with: QLinearConv is int8. */
  readonly operator: string;
  readonly ms?: number;
  /** On ONNX Runtime's fast int8 path. */
  readonly fast: boolean;
  /** Why not, what would change that, and the milliseconds it would then take inside the rewritten network. */
  readonly reason?: string;
  readonly remedy?: string;
  readonly loweredMs?: number;
}

/** How near the network comes to its float form, as pictures of 8 bits. */
export interface QualityReport {
  readonly reference: { readonly kind: 'file' | 'float-twin'; readonly name: string };
  readonly pictures: { readonly source: string; readonly count: number; readonly size: string };
  /** Mean over the pictures, in dB; 100 for equal ones. Of the luma, or of red, green and blue together. */
  readonly psnr: number;
  readonly worstPsnr: number;
  /** Mean luma less the reference's, in levels: below 0 the network is dull. */
  readonly lumaShift: number;
}

/** One tensor that is stored in 8 bits. */
export interface LayerReport {
  readonly name: string;
  /** The convolution that makes it, if one does. */
  readonly convolution?: string;
  readonly depthwise: boolean;
  /** What its 8 bits can hold. */
  readonly low: number;
  readonly high: number;
  /** The share of that range in which all but 0.1 % of the values lie. */
  readonly used: number;
  /** The share of values at an end of the range that is no ReLU's. */
  readonly saturated: number;
  /** The share of the float twin's values other than 0 that are stored as 0. */
  readonly lost?: number;
  /** Signal to noise in dB, against the float twin on the same pictures; the noise of all layers before is in it. */
  readonly snr?: number;
  /** `snr` of the tensor it is made of, less its own. */
  readonly snrLoss?: number;
}

export interface Finding {
  readonly kind: 'dull' | 'bright' | 'lossy' | 'saturated' | 'unused-range' | 'depthwise' | 'per-tensor-weights' | 'slow' | 'not-int8';
  /** An illness spoils the picture; advice is worth knowing. */
  readonly severity: 'illness' | 'advice';
  readonly message: string;
  readonly remedy: string;
}
