import * as z from 'zod';

/** The kinds of blur that an evaluation may lay over pictures. */
export type BlurKind = 'gaussian' | 'motion' | 'defocus' | 'diffraction';

/** A blur: its kind, its size, and its direction. */
export interface Blur {
  readonly kind: BlurKind;
  /** Deviation, length or radius in pixels; of diffraction a factor. */
  readonly size: number;
  /** Degrees from a row of pixels, clockwise. 0 where the kind has no direction. */
  readonly degrees: number;
}

interface Limits {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
  readonly turns: boolean;
}

/** The sizes that fit the kernel's 25 pixels, the one that is taken where none is given, and which kinds have a direction. */
const KINDS: Readonly<Record<BlurKind, Limits>> = {
  gaussian: { least: 0.3, most: 4, usual: 1.2, turns: false },
  motion: { least: 1, most: 23, usual: 9, turns: true },
  defocus: { least: 0.5, most: 11, usual: 2, turns: false },
  diffraction: { least: 1, most: 4, usual: 1.5, turns: true },
};

/** A blur as text, "motion", "motion:9" or "motion:9:45": the kind, its size, its direction in degrees. */
export const blur = z.string().transform((given, context): Blur => {
  const [, kind = '', size, degrees] = /^([a-z]+)(?::(\d+(?:\.\d+)?))?(?::(\d+(?:\.\d+)?))?$/.exec(given) ?? [];
  const limits = Object.hasOwn(KINDS, kind) ? KINDS[kind as BlurKind] : undefined;
  const found = { kind: kind as BlurKind, size: Number(size ?? limits?.usual), degrees: Number(degrees ?? 0) };
  if (limits && found.size >= limits.least && found.size <= limits.most && (degrees === undefined || limits.turns)) return found;
  const known = Object.entries(KINDS).map(([name, { least, most, turns }]) => `${name}:N${turns ? '[:DEGREES]' : ''} with N of ${least} to ${most}`);
  context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is not ${known.join(', or ')}, such as motion:9:45` });
  return z.NEVER;
});
