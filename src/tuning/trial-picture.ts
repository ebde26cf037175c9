/** Bytes of a flat band and of a band with texture, as a power of two. */
const BAND_BITS = 12;

/** Fills a frame's bytes with flat bands and bands of texture, since some networks' time depends on what they see. */
export function fillTrialPicture(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at >> BAND_BITS) % 2 === 0 ? 128 : 64 + (Math.imul(at, 0x9e3779b1) >>> 25);
}
