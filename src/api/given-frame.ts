import { SrvidError } from '../errors.js';
import { assertFrameSize, type Color, frameBytes, type PixelFormat, type PlainFormat, planeLayouts } from '../pipeline/frames/frame.js';
import { planConversion } from '../plugins/pixels/convert.js';
import type { InputFormat, InputFrame } from './frame.js';

const FORMATS: ReadonlySet<string> = new Set<InputFormat>(['yuv420p', 'yuv422p', 'yuv444p', 'gray', 'rgb24', 'rgba']);

/** Colours of frames that were made from RGB, as those of an RGB file. */
export const FROM_RGB: Color = { matrix: 'bt709', range: 'tv' };

/** True for formats of red, green and blue. */
export function isRgb(format: InputFormat): format is 'rgb24' | 'rgba' {
  return format === 'rgb24' || format === 'rgba';
}

/** The error of a frame that cannot be taken. `index` counts from 0. */
export function badFrame(index: number, what: string): SrvidError {
  return new SrvidError('SRVID_FRAME_INVALID', `Frame ${index} that the program gave cannot be taken: ${what}.`, { frame: index });
}

/** Checks format and size of a frame. @throws SRVID_FRAME_INVALID, SRVID_INPUT_UNSUPPORTED */
export function checkFrame(frame: unknown, index: number): asserts frame is InputFrame {
  const { format, width, height } = (typeof frame === 'object' && frame !== null ? frame : {}) as Partial<InputFrame>;
  if (typeof format !== 'string' || !FORMATS.has(format))
    throw badFrame(index, `its format is ${JSON.stringify(format)}; expected one of ${[...FORMATS].join(', ')}`);
  assertFrameSize(`Frame ${index}`, Number(width), Number(height));
}

/** Copies frames of one format and size into the form in which they are processed. */
export class FrameCopier {
  /** The form in which frames are processed. */
  readonly target: PlainFormat;
  readonly #given: PlainFormat;
  readonly #samples: number;
  readonly #scratch: Uint8Array | undefined;
  readonly #convert: ReturnType<typeof planConversion>;

  constructor(private readonly first: InputFrame) {
    const { format, width, height } = first;
    const kind: PixelFormat = isRgb(format) ? 'rgb24' : format;
    this.#given = { kind, width, height };
    this.#samples = format === 'rgba' ? 4 : kind === 'rgb24' ? 3 : 1;
    this.target = { kind: isRgb(format) ? 'yuv444p' : kind, width, height };
    this.#convert = planConversion(this.#given, this.target, FROM_RGB);
    this.#scratch = this.#convert && new Uint8Array(frameBytes(this.#given));
  }

  /** Copies a frame. @throws SRVID_FRAME_INVALID where it is not like the first one, or has too few bytes */
  copy(frame: InputFrame, index: number, target: Uint8Array): void {
    const { format, width, height } = this.first;
    if (frame.format !== format || frame.width !== width || frame.height !== height)
      throw badFrame(index, `it is ${frame.width}x${frame.height} ${frame.format}, and those before it are ${width}x${height} ${format}`);
    const bytes = format === 'rgba' ? 4 * width * height : frameBytes(this.#given);
    if (frame.data && frame.data.length > bytes)
      throw badFrame(index, `its data has ${frame.data.length} bytes, and a frame of ${width}x${height} ${format} has ${bytes}`);
    const packed = this.#scratch ?? target;
    this.#pack(frame, index, packed);
    this.#convert?.(packed, target);
  }

  /** Brings the planes together without padding, and without transparency. */
  #pack(frame: InputFrame, index: number, packed: Uint8Array): void {
    let offset = 0;
    for (const [at, layout] of planeLayouts(this.#given).entries()) {
      const row = layout.width * this.#samples;
      const { data, stride } = planeOf(frame, at, offset, row * layout.height, row);
      if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
        throw badFrame(index, 'it has neither "data" nor "planes" with bytes (Uint8Array)');
      if (!(Number.isInteger(stride) && stride >= row) || data.length < stride * (layout.height - 1) + row)
        throw badFrame(index, `plane ${at} has ${data.length} bytes in rows of ${stride}, and needs ${layout.height} rows of ${row}`);
      for (let y = 0; y < layout.height; y++) {
        const to = layout.offset + y * layout.width * layout.bytesPerSample;
        if (this.#samples === 4) copyOpaque(data, y * stride, packed, to, layout.width);
        else packed.set(data.subarray(y * stride, y * stride + row), to);
      }
      offset += row * layout.height;
    }
  }
}

function planeOf({ data, planes }: InputFrame, index: number, offset: number, bytes: number, row: number): { data: unknown; stride: number } {
  const plane = planes?.[index];
  if (data || !plane) return { data: data?.subarray?.(offset, offset + bytes), stride: row };
  return { data: plane.data, stride: plane.stride ?? row };
}

function copyOpaque(rgba: Uint8Array | Uint8ClampedArray, from: number, rgb: Uint8Array, to: number, width: number): void {
  for (let x = 0, source = from, target = to; x < width; x++, source += 4, target += 3) {
    rgb[target] = rgba[source] as number;
    rgb[target + 1] = rgba[source + 1] as number;
    rgb[target + 2] = rgba[source + 2] as number;
  }
}
