import type { Scales } from './contract.js';

/** True for factors of which every real number of a range is one. */
export function isRange(scales: Scales | undefined): scales is Extract<Scales, { readonly least: number }> {
  return scales !== undefined && 'least' in scales;
}

/** True where a factor is among those that a plugin enlarges by. */
export function offersScale(scales: Scales | undefined, scale: number): boolean {
  if (isRange(scales)) return scale >= scales.least && scale <= scales.most;
  return scales?.includes(scale) ?? false;
}

/** The factors in words: "x2, x3, x4", "any from x1 to x4". */
export function scalesInWords(scales: Scales): string {
  return isRange(scales) ? `any from x${scales.least} to x${scales.most}` : scales.map((scale) => `x${scale}`).join(', ');
}
