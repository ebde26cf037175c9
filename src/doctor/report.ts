/** The planes of a network, in words. */
export const PLANES_IN_WORDS = { y: 'luma', rgb: 'RGB', yuv: 'Y, U and V of 4:2:0' } as const;

/** The output of `srvid doctor MODEL --json`. Within one `v`, fields are only added. */
export interface Examination {
  readonly v: 1;
  readonly type: 'doctor';
  readonly model: string;
  readonly input: { readonly type: 'uint8' | 'float32'; readonly planes: keyof typeof PLANES_IN_WORDS; readonly size?: string };
  /** True where the native engine runs it, or the reason why not, in words. Absent where the add-on is not there. */
  readonly native?: true | string;
  readonly speed: SpeedReport;
  /** Absent for networks that store nothing in 8 bits and have no reference. */
  readonly quality?: QualityReport;
  readonly layers: readonly LayerReport[];
  readonly findings: readonly Finding[];
  /** True where no finding is an illness. A network that is only slow is healthy. */
  readonly healthy: boolean;
  /** Parts that could not be examined, with the reason; a sentence each. */
  readonly warnings: readonly string[];
}

/** Times on one thread: medians in milliseconds, original and rewritten network measured in turn. */
export interface SpeedReport {
  readonly width: number;
  readonly height: number;
  readonly ms: number;
  /** Times of the network that `srvid lower` would write; absent where that would change nothing. */
  readonly lowered?: { readonly ms: number /** Time added by repeating and cutting off channels. */; readonly addedMs: number; readonly equal: boolean };
  readonly convolutions: readonly ConvolutionReport[];
}

/** One convolution: its shape, its operator, and its time. */
export interface ConvolutionReport {
  /** The node's name or, where it has none, its result's. */
  readonly name: string;
  /** Height and width of the kernel, as "3x3". */
  readonly kernel: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
  /** The operator by which ONNX Runtime computes it: QLinearConv is int8. */
  readonly operator: string;
  readonly ms?: number;
  /** True on ONNX Runtime's fast int8 path. */
  readonly fast: boolean;
  /** The reason why it is not fast, the change that would help, and its milliseconds inside the rewritten network. */
  readonly reason?: string;
  readonly remedy?: string;
  readonly loweredMs?: number;
}

/** Closeness of a network to its float form, measured on 8-bit pictures. */
export interface QualityReport {
  readonly reference: { readonly kind: 'file' | 'float-twin'; readonly name: string };
  readonly pictures: { readonly source: string; readonly count: number; readonly size: string };
  /** Mean over the pictures, in dB; 100 for equal ones. It is the luma's, or that of red, green and blue together. */
  readonly psnr: number;
  readonly worstPsnr: number;
  /** Mean luma less the reference's, in levels: below 0 the network is dull. */
  readonly lumaShift: number;
}

/** One tensor that is stored in 8 bits. */
export interface LayerReport {
  readonly name: string;
  /** The convolution that computes it, if one does. */
  readonly convolution?: string;
  readonly depthwise: boolean;
  /** The lowest and the highest value that its 8 bits can hold. */
  readonly low: number;
  readonly high: number;
  /** The share of that range in which all but 0.1 % of the values lie. */
  readonly used: number;
  /** The share of values at an end of the range that is no ReLU's. */
  readonly saturated: number;
  /** The share of the float twin's values other than 0 that are stored as 0. */
  readonly lost?: number;
  /** Signal to noise in dB, against the float twin on the same pictures; includes the noise of all earlier layers. */
  readonly snr?: number;
  /** The `snr` of the tensor from which it is computed, less its own. */
  readonly snrLoss?: number;
}

/** One finding of an examination, with its remedy. */
export interface Finding {
  readonly kind: 'dull' | 'bright' | 'lossy' | 'saturated' | 'unused-range' | 'depthwise' | 'per-tensor-weights' | 'slow' | 'not-int8';
  /** 'illness': it spoils the picture. 'advice': worth knowing. */
  readonly severity: 'illness' | 'advice';
  readonly message: string;
  readonly remedy: string;
}
