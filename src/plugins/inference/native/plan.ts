/** The planes of a picture that a network reads or gives: each pixel of its values is `block` x `block` pixels of each plane. */
export interface NativePlanes {
  readonly planes: number;
  readonly block: number;
}

/** One convolution of a plan: stride 1, zero padding of kernel >> 1 on each side. All values are uint8 with zero point 0, except results. */
export interface NativeConv {
  /** The values that it reads, concatenated along the channels: 0 is the network's inputs, folded, k the result of convs[k - 1]. */
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
  /**
   * The pictures that are read, such as luma, RGB, or Y, U and V. Value 0 has the channels of each, folded, one picture after the other. Channel order within one
   * as ONNX's SpaceToDepth: [block y][block x][plane].
   */
  readonly inputs: readonly NativePlanes[];
  readonly convs: readonly NativeConv[];
  /** For each channel of the last convolution the channel of value 0 that is added to it: result = clamp(byte - zeroPoint + anchor, 0, 255). */
  readonly anchor: Int32Array | undefined;
  /**
   * The pictures that are given, which have the last convolution's channels one after the other. Channel order within one as ONNX's DepthToSpace in mode CRD:
   * [plane][block y][block x].
   */
  readonly outputs: readonly NativePlanes[];
  /**
   * Convolutions at the end that each give a result of pixels, [rows * columns, channels], in place of pictures; 0 for pictures. Nothing
   * reads them, and there are neither anchor nor outputs.
   */
  readonly pixelResults: number;
}

/** One output of a network. */
export interface NativeOutput {
  readonly name: string;
  /** Number of the plan's output or result of pixels that it is, from 0. */
  readonly result: number;
  /** The step and the zero point of the bytes, where the output is their float32 values. */
  readonly values: { readonly step: number; readonly zero: number } | undefined;
}

/** A network as the native engine runs it. */
export interface NativeNetwork {
  readonly plan: NativePlan;
  /** Names of the plan's inputs. */
  readonly inputs: readonly string[];
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
  /** Runs it on pictures of bytes, [planes, rows * block, columns * block], and fills the outputs, of such shapes too, or each result of pixels. */
  run(network: unknown, inputs: readonly Uint8Array[], rows: number, columns: number, outputs: readonly Uint8Array[], threads: number): void;
  /** Multiplications of bytes that one core does at most by a kernel's instructions, in 10^9 a second; 0 for kernels in plain C++. Takes some 30 ms. */
  peak(kernel: string): number;
  close(network: unknown): void;
  /** Ends the process with this code as it stands: no destructor runs, and no thread is waited for. */
  end(code: number): never;
}
