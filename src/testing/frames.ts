import { type Frame, frameBytes, type PixelFormat, type PlainFormat, planeLayouts, planesOf } from '../pipeline/frames/frame.js';

/** A picture for tests, with its planes one behind the other in memory of its own. */
export interface TestFrame {
  readonly format: PixelFormat;
  readonly width: number;
  readonly height: number;
  /** Planes in order, 8 bits a sample, rows without gaps. */
  readonly data: Uint8Array;
  /** In ticks of the time base, which is 1/25 s in tests. */
  readonly pts: number;
}

/** The planes of a test's frame: views of its data. */
export function planesOfFrame(frame: TestFrame): Frame['planes'] {
  return planesOf({ kind: frame.format, width: frame.width, height: frame.height }, frame.data);
}

/**
 * Makes a frame for a test.
 * @param sample the value at a place of a plane, which is 0 for luma, gray and packed RGB, 1 for U, 2 for V; for packed RGB `x`
 * counts bytes
 */
export function testFrame(
  { format, width, height, pts = 0 }: Pick<TestFrame, 'format' | 'width' | 'height'> & { readonly pts?: number },
  sample: (x: number, y: number, plane: number) => number,
): TestFrame {
  const layout = { kind: format, width, height } as const;
  const frame = { format, width, height, pts, data: new Uint8Array(frameBytes(layout)) };
  for (const [index, { data, stride }] of planesOfFrame(frame).entries())
    for (let at = 0; at < data.length; at++) data[at] = Math.min(255, Math.max(0, Math.round(sample(at % stride, Math.floor(at / stride), index))));
  return frame;
}

/** Times of the frames of a run, in ticks: uneven, as those of real recordings are. */
const STEPS = [1, 2, 1, 4, 1];

/** Frames with all kinds of content: noise, ramps, edges that move, extremes. No two are equal. */
export function variedFrames(format: PlainFormat, count: number, seed = 1): TestFrame[] {
  let pts = 0;
  return Array.from({ length: count }, (_, index) => {
    pts += STEPS[index % STEPS.length] as number;
    const noise = noiseFrom(seed * 1000 + index);
    const bytes = new Uint8Array(frameBytes(format));
    for (const { offset, width, height, bytesPerSample } of planeLayouts(format))
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width * bytesPerSample; x++)
          bytes[offset + y * width * bytesPerSample + x] = valueAt(index + seed, Math.floor(x / bytesPerSample), y, width, noise);
    return { format: format.kind, width: format.width, height: format.height, data: bytes, pts };
  });
}

function valueAt(kind: number, x: number, y: number, width: number, noise: () => number): number {
  const random = noise();
  switch (kind % 4) {
    case 0:
      return random & 255;
    case 1:
      return Math.min(255, 16 + Math.floor((219 * x) / width) + (random & 3));
    case 2:
      return (x + 3 * kind) % 24 < 12 ? 40 + (random & 1) : 200 - (random & 1);
    default:
      return ((x >> 2) + (y >> 2) + kind) % 2 === 0 ? 255 - (random & 7) : random & 7;
  }
}

/** A generator of whole numbers from a seed (xorshift, Marsaglia 2003). */
function noiseFrom(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state >>> 8;
  };
}
