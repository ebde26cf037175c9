/** Boxes that may begin an MP4 or QuickTime file (ISO/IEC 14496-12 §4.3; QuickTime File Format, "Atoms"). */
const FIRST_BOXES = new Set(['ftyp', 'wide', 'free', 'skip', 'pnot', 'mdat']);
const BOX_HEADER_BYTES = 8;

/**
 * True where these first bytes are those of an MP4 whose index (box `moov`) comes after its pictures (box `mdat`). That
 * is the rule unless it was written for streaming. Such a file can only be read by seeking back in it.
 */
export function hasLateIndex(head: Buffer): boolean {
  for (let at = 0; at + BOX_HEADER_BYTES <= head.length; ) {
    const type = head.toString('latin1', at + 4, at + BOX_HEADER_BYTES);
    if (at === 0 && !FIRST_BOXES.has(type)) return false;
    if (type === 'mdat') return true;
    const size = head.readUInt32BE(at);
    // Size 1 means that a 64-bit size follows, size 0 the rest of the file; only `mdat` uses either.
    if (type === 'moov' || size < BOX_HEADER_BYTES) return false;
    at += size;
  }
  return false;
}
