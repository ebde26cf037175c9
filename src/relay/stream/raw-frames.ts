import { type Color, type FrameFormat, planeLayouts } from '../../pipeline/frames/frame.js';
import type { Hello } from '../delivery/protocol.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';

/** A frame's time, before its planes: seconds as a 64-bit float, big-endian. */
const HEAD_BYTES = 8;
const NOTHING = Buffer.alloc(0);

interface Part {
  readonly name: 'y' | 'u' | 'v' | 'rgb';
  readonly offset: number;
  readonly width: number;
  readonly height: number;
  readonly bytesPerSample: number;
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
    this.#bytes = HEAD_BYTES + this.#parts.reduce((sum, part) => sum + lengthOf(part), 0);
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
      bytes.set(frame.subarray(part.offset, part.offset + lengthOf(part)), at);
      at += lengthOf(part);
    }
    return { bytes, keyframe: true, startSeconds: seconds, durationSeconds: 0 };
  }
}

function partsOf(format: FrameFormat): Part[] {
  if (format.kind !== 'split') {
    const names = format.kind === 'rgb24' ? (['rgb'] as const) : (['y', 'u', 'v'] as const);
    return planeLayouts(format).map((layout, index) => ({ ...layout, name: names[index] as Part['name'] }));
  }
  const { width, height, small } = format;
  const [, ...chroma] = partsOf(small);
  return [{ name: 'y', offset: 0, width, height, bytesPerSample: 1 }, ...chroma.map((part) => ({ ...part, offset: part.offset + width * height }))];
}

function lengthOf({ width, height, bytesPerSample }: Part): number {
  return width * height * bytesPerSample;
}
