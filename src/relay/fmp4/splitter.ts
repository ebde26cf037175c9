import { RELAY_DEFAULTS } from '../../options/limits.js';
import { type BoxHeader, boxHeader, damaged } from './box.js';
import { type Fragment, readFragment } from './fragment.js';
import { type InitSegment, readInitSegment } from './init-segment.js';

/** One output of the splitter: an init segment or a fragment. */
export type Piece = (InitSegment & { readonly kind: 'init' }) | (Fragment & { readonly kind: 'fragment' });

/** Limits of a splitter. */
export interface SplitterLimits {
  /** Bytes of the longest allowed fragment. */
  readonly maxFragmentBytes: number;
}

/** `moov` and `moof` become objects in memory, so their limit is lower than that of picture data. */
const MAX_INDEX_BYTES = 1 << 20;
/** A buffer that has grown beyond this many bytes shrinks to it again as soon as its content fits. */
const KEPT_CAPACITY = 1 << 20;
/** Boxes that belong to the fragment after them. Boxes that are not named in this file are skipped. */
const PREFIXES = ['styp', 'sidx', 'prft', 'emsg'];
const MAX_PREFIXES = 16;

/**
 * Splits fragmented MP4 (ISO/IEC 14496-12 §8.8) into its init segments and fragments. The input may be cut anywhere. The
 * pieces own their bytes. A new init segment replaces the one before. No more than one piece is held, whatever size the
 * boxes claim.
 */
export class FragmentSplitter {
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  /** Number of valid bytes at the start of `#bytes`. */
  #held = 0;
  #prefix: Buffer[] = [];
  #init: InitSegment | undefined;
  /** The fragment whose `moof` was read and whose `mdat` is still missing. */
  #fragment: Omit<Fragment, 'bytes'> | undefined;
  #started = false;
  #failure: unknown;

  constructor({ maxFragmentBytes }: SplitterLimits = RELAY_DEFAULTS) {
    this.#maxBytes = maxFragmentBytes;
  }

  /** Number of bytes that wait for the rest of their piece. */
  get held(): number {
    return this.#held + lengthOf(this.#prefix);
  }

  /**
   * Adds the next bytes, which are copied, and returns the pieces that they complete. After an error every call throws.
   * @throws SRVID_FRAGMENT_INVALID if the input is not fragmented MP4 with video, or a box is too long
   */
  push(chunk: Uint8Array): Piece[] {
    if (this.#failure) throw this.#failure;
    this.#append(chunk);
    const pieces: Piece[] = [];
    let offset = 0;
    try {
      for (;;) {
        const header = boxHeader(this.#bytes, offset, this.#held);
        if (header) this.#check(header);
        if (!header || header.bytes > this.#held - offset) break;
        const piece = this.#take(header, offset);
        if (piece) pieces.push(piece);
        offset += header.bytes;
      }
    } catch (error) {
      this.#failure = error;
      this.#bytes = Buffer.alloc(0);
      this.#held = 0;
      throw error;
    }
    this.#release(offset);
    return pieces;
  }

  #check({ type, bytes }: BoxHeader): void {
    if (!this.#started && type !== 'ftyp') throw damaged(`it begins with a box ${type} instead of ftyp`);
    const limit = type === 'moov' || type === 'moof' ? Math.min(MAX_INDEX_BYTES, this.#maxBytes) : this.#maxBytes;
    const total = bytes + lengthOf(this.#prefix);
    if (total > limit) throw damaged(`the box ${type} makes ${total} bytes, and no more than ${limit} are taken`);
    if (this.#prefix.length > MAX_PREFIXES) throw damaged(`more than ${MAX_PREFIXES} boxes come before a moof`);
  }

  /** Processes the complete box at `offset`. Returns the piece that it completes, if any. */
  #take({ type, headerBytes, bytes }: BoxHeader, offset: number): Piece | undefined {
    const box = Buffer.from(this.#bytes.subarray(offset, offset + bytes));
    this.#started = true;
    if (type === 'ftyp') {
      this.#prefix = [box];
      this.#init = undefined;
      this.#fragment = undefined;
    } else if (type === 'moov') {
      this.#init = readInitSegment(this.#complete(box), box.subarray(headerBytes));
      return { kind: 'init', ...this.#init };
    } else if (type === 'moof') {
      if (!this.#init) throw damaged('a moof comes before any moov');
      if (this.#fragment) throw damaged('a moof comes where the mdat of the one before belongs');
      this.#fragment = readFragment(box.subarray(headerBytes), this.#init);
      this.#prefix.push(box);
    } else if (type === 'mdat') {
      if (!this.#fragment) throw damaged('an mdat comes without a moof: this is not a fragmented file');
      const fragment = this.#fragment;
      this.#fragment = undefined;
      return { kind: 'fragment', bytes: this.#complete(box), ...fragment };
    } else if (PREFIXES.includes(type)) {
      this.#prefix.push(box);
    }
    return undefined;
  }

  /** Joins the boxes before this one with it. */
  #complete(box: Buffer): Buffer {
    const bytes = Buffer.concat([...this.#prefix, box]);
    this.#prefix = [];
    return bytes;
  }

  /** Copies a chunk to the end. The capacity doubles as bytes arrive; it does not follow the size that a box claims. */
  #append(chunk: Uint8Array): void {
    const needed = this.#held + chunk.length;
    if (needed > this.#bytes.length) this.#resize(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.set(chunk, this.#held);
    this.#held = needed;
  }

  #release(offset: number): void {
    if (offset === 0) return;
    this.#bytes.copyWithin(0, offset, this.#held);
    this.#held -= offset;
    if (this.#bytes.length > KEPT_CAPACITY && this.#held < KEPT_CAPACITY) this.#resize(KEPT_CAPACITY);
  }

  #resize(capacity: number): void {
    const larger = Buffer.alloc(capacity);
    this.#bytes.copy(larger, 0, 0, this.#held);
    this.#bytes = larger;
  }
}

function lengthOf(buffers: readonly Buffer[]): number {
  return buffers.reduce((total, { length }) => total + length, 0);
}
