/** What is compared: srvid's chain, and what anyone has without it. */
export const METHODS = ['srvid', 'bicubic', 'lanczos'] as const;
export type Method = (typeof METHODS)[number];

/** How near one enlarged picture or frame comes to its original. */
export interface ItemScore {
  /** Of the luma, in dB. */
  readonly psnr: number;
  readonly ssim: number;
  /** Of red, green and blue together, in dB; pictures only. */
  readonly rgbPsnr?: number;
}

/** Means over all pictures or frames. */
export interface Score extends ItemScore {
  readonly method: Method;
  /** PSNR less bicubic's, in dB. */
  readonly gain: number;
  /** Mean luma less the original's, in levels: a network that has gone dark is below 0. */
  readonly lumaShift: number;
  /** How much the error changes from frame to frame, in levels; clips of two frames or more. */
  readonly flicker?: number;
}

export interface Item {
  /** A picture's path in its folder, or a frame's time in seconds. */
  readonly item: string | number;
  readonly scores: Readonly<Record<Method, ItemScore>>;
}

/** Everything that `srvid eval --json` prints. Fields are only ever added to one `v`. */
export interface Evaluation {
  readonly v: 1;
  readonly type: 'eval';
  readonly input: string;
  readonly kind: 'pictures' | 'clip';
  readonly preset: string;
  readonly models: readonly string[];
  readonly precision: string;
  readonly scale: number;
  /** Pixels left out on each side. */
  readonly border: number;
  readonly count: number;
  readonly scores: readonly Score[];
  readonly items: readonly Item[];
  readonly warnings: readonly string[];
}
