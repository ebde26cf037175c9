import { RELAY_DEFAULTS } from '../../options/limits.js';
import { type BoxHeader, boxHeader, damaged } from './box.js';
import { type Fragment, readFragment } from './fragment.js';
import { type InitSegment, readInitSegment } from './init-segment.js';

export type Piece = (InitSegment & { readonly kind: 'init' }) | (Fragment & { readonly kind: 'fragment' });

export interface SplitterLimits {
  /** Bytes of the longest fragment. */
  readonly maxFragmentBytes: number;
}

/** `moov` and `moof` are read into objects, so they are held to less than picture data is. */
const MAX_INDEX_BYTES = 1 << 20;
/** What a buffer that once held something large is given back above. */
const KEPT_CAPACITY = 1 << 20;
/** Boxes that belong to the fragment after them; any other that is not named here is left out. */
const PREFIXES = ['styp', 'sidx', 'prft', 'emsg'];
const MAX_PREFIXES = 16;

/**
 * Cuts a stream of fragmented MP4 (ISO/IEC 14496-12 §8.8) at its fragments. What goes in may be cut anywhere; the pieces
 * that come out own their bytes. An init segment may come again at any time and then replaces the one before. Holds no
 * more than one piece, however long the stream says that its boxes are.
 */
export class FragmentSplitter {
  readonly #maxBytes: number;
  #bytes = Buffer.alloc(0);
  /** Bytes held, from the front of `#bytes`. */
  #held = 0;
  #prefix: Buffer[] = [];
  #init: InitSegment | undefined;
  /** The fragment whose `moof` was read and whose `mdat` is awaited. */
  #fragment: Omit<Fragment, 'bytes'> | undefined;
  #started = false;
  #failure: unknown;

  constructor({ maxFragmentBytes }: SplitterLimits = RELAY_DEFAULTS) {
    this.#maxBytes = maxFragmentBytes;
  }

  /** Bytes that wait for the rest of their piece. */
  get held(): number {
    return this.#held + lengthOf(this.#prefix);
  }

  /**
   * Takes the next bytes, which are copied, and gives what they complete. After an error nothing more is taken.
   * @throws SRVID_FRAGMENT_INVALID where this is not fragmented MP4 with a picture, or a box is longer than allowed
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

  /** Takes in the whole box at `offset`; gives the piece that it completes. */
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

  /** The boxes before and this one, in one. */
  #complete(box: Buffer): Buffer {
    const bytes = Buffer.concat([...this.#prefix, box]);
    this.#prefix = [];
    return bytes;
  }

  /** Room grows by doubling, so it follows what came and not what a box says it will be. */
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
