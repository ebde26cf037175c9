import { type Color, type FrameFormat, type PlaneLayout, planeBytes, planeLayouts } from '../../pipeline/frames/frame.js';
import type { Hello } from '../delivery/protocol.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';

/** Bytes of the timestamp before the planes: seconds as a 64-bit float, big-endian. */
const HEAD_BYTES = 8;
const NOTHING = Buffer.alloc(0);

interface Part extends PlaneLayout {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
}

/**
 * Makes the messages of the `raw` rendition: processed frames before any encoder, for programs. Each is one binary
 * message: the timestamp, then the planes one after another, 8 bits a sample, rows without padding. If a network enlarged
 * the luma only, the chroma planes keep their input size.
 */
export class RawFrames {
  /** Stands in for an init segment. It has no bytes. */
  readonly init: InitSegment;
  /** The field `raw` of a `hello`. */
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

  /** Makes one frame's message. `frame` is copied. */
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
  // Plane 1 of a split frame is the luma before enlarging, so it is left out.
  const shown = format.kind === 'split' ? layouts.toSpliced(1, 1) : layouts;
  const names = format.kind === 'rgb24' ? (['rgb'] as const) : (['y', 'u', 'v'] as const);
  return shown.map((layout, index) => ({ ...layout, name: names[index] as Part['name'] }));
}
