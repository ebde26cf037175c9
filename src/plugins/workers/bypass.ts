import { type FrameFormat, frameBytes, lumaBytes, lumaFormat, type Plane, planesOf, sameFormat } from '../../pipeline/frames/frame.js';
import { toPacked, toPlanar } from '../pixels/channels.js';
import type { Convert } from '../pixels/convert.js';
import { Resampler } from '../pixels/resample.js';

/** Plans a step without its plugin: a frame passes as it is, or is resampled to the size that the plugin would give. */
export function planBypass(reads: FrameFormat, gives: FrameFormat): Convert {
  if (sameFormat(reads, gives)) return (input, output) => output.set(input);
  if (gives.kind === 'split' || reads.kind === 'split') return luma(reads, gives);
  if (reads.kind === 'rgb24') return packed(reads, gives);
  const scalers = resamplers(planesOf(reads, new Uint8Array(frameBytes(reads))), planesOf(gives, new Uint8Array(frameBytes(gives))));
  return (input, output) => run(scalers, planesOf(reads, input), planesOf(gives, output));
}

/** Resamples the luma, and carries what lies behind it along. */
function luma(reads: FrameFormat, gives: FrameFormat): Convert {
  const scaler = new Resampler(reads, gives);
  const planes = (format: FrameFormat, bytes: Uint8Array) => planesOf(lumaFormat(format), bytes.subarray(0, lumaBytes(format)))[0] as Plane;
  return (input, output) => {
    scaler.run(planes(reads, input), planes(gives, output));
    output.set(reads.kind === 'split' ? input.subarray(lumaBytes(reads)) : input, lumaBytes(gives));
  };
}

function packed(reads: FrameFormat, gives: FrameFormat): Convert {
  const [small, large] = [new Uint8Array(frameBytes(reads)), new Uint8Array(frameBytes(gives))];
  const planes = ({ width, height }: FrameFormat, bytes: Uint8Array): Plane[] =>
    [0, 1, 2].map((channel) => ({ data: bytes.subarray(channel * width * height, (channel + 1) * width * height), stride: width, width, height }));
  const [from, to] = [planes(reads, small), planes(gives, large)];
  const scalers = resamplers(from, to);
  return (input, output) => {
    toPlanar(input, small);
    run(scalers, from, to);
    toPacked(large, output);
  };
}

function resamplers(from: readonly Plane[], to: readonly Plane[]): readonly Resampler[] {
  return from.map((plane, index) => new Resampler(plane, to[index] as Plane));
}

function run(scalers: readonly Resampler[], from: readonly Plane[], to: readonly Plane[]): void {
  for (const [index, scaler] of scalers.entries()) scaler.run(from[index] as Plane, to[index] as Plane);
}
