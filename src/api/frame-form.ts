import { type Color, type FrameFormat, frameBytes, type PlainFormat, type Plane, planesOf } from '../pipeline/frames/frame.js';
import { ptsToSeconds, type Rational, rescale } from '../pipeline/frames/time.js';
import type { Source } from '../pipeline/input/source.js';
import { scaledAspect } from '../pipeline/output/encode-graph.js';
import { assumedColor } from '../plugins/pixels/color-matrix.js';
import { type Convert, planConversion } from '../plugins/pixels/convert.js';
import type { OutputForm, OutputFrame } from './frame.js';

const OPAQUE = 255;

/** Makes frames of their own from finished ones, in one form. */
export class FrameForm {
  readonly #plain: PlainFormat;
  readonly #convert: Convert | undefined;
  readonly #color: Color;
  readonly #shift: number;
  readonly #sampleAspect: Rational | undefined;

  /** @param from the format of finished frames */
  constructor(
    from: FrameFormat,
    private readonly form: OutputForm,
    private readonly source: Source,
  ) {
    const { info, shiftSeconds } = source;
    const size = { width: from.width, height: from.height };
    this.#plain = { kind: form === 'native' ? (from.kind === 'split' ? from.small.kind : from.kind) : 'rgb24', ...size };
    this.#convert = planConversion(from, this.#plain, assumedColor(info.color, info.format.height));
    const { primaries, transfer } = info.color;
    this.#color = form === 'native' ? info.color : { primaries, transfer, range: 'pc' };
    this.#shift = shiftSeconds === 0 ? 0 : rescale(shiftSeconds, { num: 1, den: 1 }, info.timeBase);
    this.#sampleAspect = scaledAspect({ ...info.format, sampleAspect: info.sampleAspect }, size);
  }

  /** A frame with memory of its own. `bytes` may be overwritten afterwards. */
  make(ticks: number, bytes: Uint8Array): OutputFrame {
    const { width, height } = this.#plain;
    const { timeBase, frameRate } = this.source.info;
    const pts = ticks - this.#shift;
    const packed = new Uint8Array(frameBytes(this.#plain));
    if (this.#convert) this.#convert(bytes, packed);
    else packed.set(bytes);
    const data = this.form === 'rgba' ? opaque(packed) : packed;
    const planes: readonly Plane[] = this.form === 'rgba' ? [{ data, stride: 4 * width, width, height }] : planesOf(this.#plain, data);
    return {
      ...{ format: this.form === 'rgba' ? 'rgba' : this.#plain.kind, width, height, data, planes },
      ...{ pts, timeBase, seconds: ptsToSeconds(pts, timeBase), frameRate, color: this.#color, sampleAspect: this.#sampleAspect },
    };
  }
}

function opaque(rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array((rgb.length / 3) * 4);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    rgba[to] = rgb[from] as number;
    rgba[to + 1] = rgb[from + 1] as number;
    rgba[to + 2] = rgb[from + 2] as number;
    rgba[to + 3] = OPAQUE;
  }
  return rgba;
}
