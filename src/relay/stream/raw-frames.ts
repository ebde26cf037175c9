import { type Color, type FrameFormat, type PlaneLayout, planeBytes, planeLayouts } from '../../pipeline/frames/frame.js';
import type { Hello } from '../delivery/protocol.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';

/** A frame's time, before its planes: seconds as a 64-bit float, big-endian. */
const HEAD_BYTES = 8;
const NOTHING = Buffer.alloc(0);

interface Part extends PlaneLayout {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
}

/**
 * The `raw` rendition: frames as the engine has made them, before any encoder, for programs. Each is one binary message:
 * its time, then its planes one after the other, 8 bits a sample. Where a network enlarged the luma alone, chroma planes
 * have the size that they came in.
 */
export class RawFrames {
  /** What stands in the place of an init segment: it has no bytes. */
  readonly init: InitSegment;
  /** For `hello`. */
  readonly about: NonNullable<Hello['raw']>;
  readonly #parts: readonly Part[];
  readonly #bytes: number;

  constructor(format: FrameFormat, { matrix, range }: Color) {
    this.#parts = partsOf(format);
    this.#bytes = HEAD_BYTES + this.#parts.reduce((sum, part) => sum + planeBytes(part), 0);
    const { width, height } = format;
    this.init = { bytes: NOTHING, mime: 'application/octet-stream', width, height, timescale: 1, tracks: [] };
    const planes = this.#parts.map(({ name, width, height }) => ({ name, width, height }));
    this.about = { planes, matrix: matrix ?? null, range: range ?? null };
  }

  /** One frame's message. `frame` is copied. */
  message(seconds: number, frame: Uint8Array): Fragment {
    const bytes = Buffer.allocUnsafeSlow(this.#bytes);
    bytes.writeDoubleBE(seconds);
    let at = HEAD_BYTES;
    for (const part of this.#parts) {
      bytes.set(frame.subarray(part.offset, part.offset + planeBytes(part)), at);
      at += planeBytes(part);
    }
    return { bytes, keyframe: true, startSeconds: seconds, durationSeconds: 0 };
  }
}

function partsOf(format: FrameFormat): Part[] {
  const layouts = planeLayouts(format);
  // A split frame's second plane is the luma that the first one was made of.
  const shown = format.kind === 'split' ? layouts.toSpliced(1, 1) : layouts;
  const names = format.kind === 'rgb24' ? (['rgb'] as const) : (['y', 'u', 'v'] as const);
  return shown.map((layout, index) => ({ ...layout, name: names[index] as Part['name'] }));
}
