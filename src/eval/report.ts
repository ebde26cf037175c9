/**
 * The methods that are compared: srvid's chain, the same with networks for compressed video where both were run, and two classic filters;
 * of a chain that keeps the size, the pictures as it is given them in the place of the filters.
 */
export const METHODS = ['srvid', 'srvid-video', 'bicubic', 'lanczos', 'given'] as const;
/** The name of a method. */
export type Method = (typeof METHODS)[number];

/** Similarity of one enlarged or restored picture or frame to its original. */
export interface ItemScore {
  /** PSNR of the luma, in dB. */
  readonly psnr: number;
  /** SSIM of the luma, at most 1. */
  readonly ssim: number;
  /** PSNR over red, green and blue, in dB. For pictures only. */
  readonly rgbPsnr?: number;
  /** PSNR over both planes of chroma, in dB. Of chains that keep the size, where there is chroma. */
  readonly chromaPsnr?: number;
}

/** Means over all pictures or frames. */
export interface Score extends ItemScore {
  readonly method: Method;
  /** PSNR minus bicubic's, or minus that of the pictures as given, in dB. */
  readonly gain: number;
  /** Mean luma minus the original's, in levels of 0 to 255. Below 0: the method darkens. */
  readonly lumaShift: number;
  /** VMAF of the whole clip, 0 to 100. Where ffmpeg has libvmaf. */
  readonly vmaf?: number;
  /** Mean change of the error from frame to frame, in levels of 0 to 255. For clips of at least two frames. */
  readonly flicker?: number;
}

/** A value of each method that was run. */
export type PerMethod<T> = Readonly<Record<'srvid', T> & Partial<Record<Method, T>>>;

/** The scores of one picture or frame. */
export interface Item {
  /** A picture's path relative to its folder, or a frame's time in seconds. */
  readonly item: string | number;
  readonly scores: PerMethod<ItemScore>;
}

/** The output of `srvid eval --json`. Fields may be added without a new `v`. */
export interface Evaluation {
  readonly v: 1;
  readonly type: 'eval';
  readonly input: string;
  readonly kind: 'pictures' | 'clip';
  /** Name of the preset. */
  readonly preset: string;
  /** Identifiers of the networks in the order of the chain. */
  readonly models: readonly string[];
  /** Identifiers of the networks for compressed video, where the chain was run with these, too. */
  readonly videoModels?: readonly string[];
  /** Precisions of the networks, joined by "+", or "none" without networks. */
  readonly precision: string;
  readonly scale: number;
  /** Codec and quality by which the reduced frames of a clip were compressed, as asked for: "x264:28". */
  readonly compression?: string;
  /** The blur of what the chain got, as asked for: "motion:9:45". */
  readonly blur?: string;
  /** The noise that was added to what the chain got. Picture or frame n has that of seed n. */
  readonly noise?: number | 'poisson';
  /** Pixels that are left out on each side. */
  readonly border: number;
  /** Number of pictures or frames. */
  readonly count: number;
  readonly scores: readonly Score[];
  readonly items: readonly Item[];
  readonly warnings: readonly string[];
}
