import { frameBytes, type PlainFormat, type Plane, planeLayouts, planesOf } from '../pipeline/frames/frame.js';
import type { Size } from '../plugins/contract.js';
import { toPacked, toPlanar } from '../plugins/pixels/channels.js';
import { type Kernel, Resampler } from '../plugins/pixels/resample.js';

/** Resizes a frame, each channel by itself. Returns newly allocated memory. */
export type Resize = (frame: Uint8Array) => Uint8Array;

/**
 * Plans resizing as Pillow does it, since the literature's small pictures and baselines are made with Pillow. Only the
 * top left part of size `cut` of the input is used.
 */
export function planResize(from: PlainFormat, to: PlainFormat, kernel: Kernel, cut: Size = from): Resize {
  const targets = planeLayouts(inChannels(to));
  const resamplers = planeLayouts(inChannels({ kind: from.kind, width: cut.width, height: cut.height })).map(
    (input, channel) => new Resampler(input, targets[channel] as Size, { kernel, manner: 'pillow' }),
  );
  return (frame) => {
    const result = new Uint8Array(frameBytes(to));
    const input = planesOf(inChannels(from), from.kind === 'rgb24' ? changed(frame, toPlanar) : frame);
    const output = planesOf(inChannels(to), result);
    for (const [channel, resampler] of resamplers.entries()) resampler.run(input[channel] as Plane, output[channel] as Plane);
    return to.kind === 'rgb24' ? changed(result, toPacked) : result;
  };
}

/** The same format with separate planes: rgb24 has its channels in one plane. */
function inChannels(format: PlainFormat): PlainFormat {
  return format.kind === 'rgb24' ? { ...format, kind: 'yuv444p' } : format;
}

function changed(bytes: Uint8Array, change: typeof toPlanar): Uint8Array {
  const result = new Uint8Array(bytes.length);
  change(bytes, result);
  return result;
}
