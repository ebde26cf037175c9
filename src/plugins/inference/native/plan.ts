/** One convolution of a plan: stride 1, zero padding of kernel >> 1 on each side. All values are uint8 with zero point 0, except results. */
export interface NativeConv {
  /** The values that it reads, concatenated along the channels: 0 is the network's input after the fold, k the result of convs[k - 1]. */
  readonly inputs: readonly number[];
  readonly kernel: 1 | 3 | 5;
  /** Output channels. */
  readonly channels: number;
  /** [channels][input channels][kernel][kernel]. */
  readonly weights: Int8Array;
  /** [channels], in units of the integer sum. */
  readonly bias: Int32Array;
  /** [channels]: input scale x weight scale / output scale. */
  readonly multiplier: Float32Array;
  /** The result is clamp(roundHalfToEven(float32(sum + bias) * multiplier) + zeroPoint, 0, 255). 0 for all but results. */
  readonly zeroPoint: number;
}

/** A network of int8 convolutions, in the form that the native engine runs. */
export interface NativePlan {
  /** Planes of the input: 1 (luma) or 3 (RGB planes). */
  readonly inputChannels: number;
  /** Block size of the space to depth of the input, 1 for none. Channel order as ONNX's SpaceToDepth: [block y][block x][plane]. */
  readonly fold: number;
  readonly convs: readonly NativeConv[];
  /** For each channel of the last convolution the channel of value 0 that is added to it: result = clamp(byte - zeroPoint + anchor, 0, 255). */
  readonly anchor: Int32Array | undefined;
  /** Block size of the final depth to space (ONNX, mode CRD). Output planes = channels / shuffle^2. */
  readonly shuffle: number;
  /**
   * Convolutions at the end that each give a result of pixels, [height * width, channels], in place of the picture; 0 for a picture. Nothing
   * reads them, and there is neither anchor nor shuffle.
   */
  readonly pixelResults: number;
}

/** One output of a network. */
export interface NativeOutput {
  readonly name: string;
  /** Number of the result that it is, from 0; 0 for a picture. */
  readonly result: number;
  /** The step and the zero point of the bytes, where the output is their float32 values. */
  readonly values: { readonly step: number; readonly zero: number } | undefined;
}

/** A network as the native engine runs it. */
export interface NativeNetwork {
  readonly plan: NativePlan;
  /** In the order of the model's file. */
  readonly outputs: readonly NativeOutput[];
}

/** The add-on's functions. All are synchronous. Each checks all sizes and throws a plain Error that says what does not fit. */
export interface NativeAddon {
  /**
   * Kernels whose instructions this processor has, fastest first, of: amx, avx512-vnni, avx-vnni, avx2, neon-dot,
   * portable, and the emulated ones, which always come last.
   */
  kernels(): readonly string[];
  /** Packs a plan's weights for a kernel. The result holds native memory until `close` (or garbage collection). */
  open(plan: NativePlan, kernel: string): unknown;
  /**
   * Runs it on [inputChannels, height, width] bytes, fills [planes, height * scale, width * scale] where scale = shuffle /
   * fold, or each result of pixels. height and width are multiples of fold.
   */
  run(network: unknown, input: Uint8Array, height: number, width: number, outputs: readonly Uint8Array[], threads: number): void;
  /** Multiplications of bytes that one core does at most by a kernel's instructions, in 10^9 a second; 0 for kernels in plain C++. Takes some 30 ms. */
  peak(kernel: string): number;
  close(network: unknown): void;
  /** Ends the process with this code as it stands: no destructor runs, and no thread is waited for. */
  end(code: number): never;
}
