import type { ProbedStream } from '../ffmpeg/probe.js';

/** The projection of a 360-degree picture, by Google's Spherical Video V2 and the Matroska specification, "Projection". */
export interface Spherical {
  readonly kind: 'equirectangular' | 'cubemap';
  /** The viewer's direction, in degrees. */
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  /** The parts of the whole sphere's picture that are missing at each edge, in 1/2^32 of its side. */
  readonly bounds: { readonly top: number; readonly bottom: number; readonly left: number; readonly right: number } | undefined;
  /** Pixels from a face of the cube to the next. */
  readonly padding: number;
}

/** Marks that are written into the finished file, since ffmpeg writes none of them for frames that come through a pipe. */
export interface ViewMarks {
  readonly container: 'mp4' | 'matroska';
  /** Arrangement of two views in the frame, by `st3d`: 0 one view, 1 one above the other, 2 side by side, left eye first. */
  readonly stereo: number | undefined;
  readonly spherical: Spherical | undefined;
}

const WHOLE = 2 ** 32;
const QUARTER = WHOLE / 4 - 1;

/** The projection as ffprobe describes it, for a picture `scale` times as large; undefined for one that containers cannot say. */
export function sphericalOf(data: Readonly<Record<string, unknown>>, { width = 1, height = 1 }: ProbedStream, scale: number): Spherical | undefined {
  const number = (name: string) => Number(data[name] ?? 0) || 0;
  const common = { yaw: number('yaw'), pitch: number('pitch'), roll: number('roll'), padding: Math.round(number('padding') * scale), bounds: undefined };
  switch (String(data['projection'])) {
    case 'equirectangular':
      return { ...common, kind: 'equirectangular' };
    case 'half equirectangular':
      return { ...common, kind: 'equirectangular', bounds: { top: 0, bottom: 0, left: QUARTER, right: QUARTER } };
    case 'tiled equirectangular': {
      // ffprobe counts in pixels of the whole sphere's picture, of which the frame is a part.
      const [left, right, top, bottom] = [number('bound_left'), number('bound_right'), number('bound_top'), number('bound_bottom')];
      const share = (bound: number, side: number, others: number) => {
        const part = (bound * WHOLE) / (side + others);
        // Half of a sphere is what is filmed most, and rounding to pixels must not make less or more of it.
        return Math.floor(Math.abs(part - QUARTER) * (side + others) < 1.5 * WHOLE ? QUARTER : part);
      };
      return {
        ...common,
        kind: 'equirectangular',
        bounds: {
          top: share(top, height, top + bottom),
          bottom: share(bottom, height, top + bottom),
          left: share(left, width, left + right),
          right: share(right, width, left + right),
        },
      };
    }
    case 'cubemap':
      return { ...common, kind: 'cubemap' };
    default:
      return undefined;
  }
}
