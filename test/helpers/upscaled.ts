import { type InputFrame, type OutputFrame, type UpscaleOptions, type UpscaleSource, upscale } from '../../dist/index.js';

/** Options that cost little. */
export const cheap: UpscaleOptions = { preset: 'bicubic', scale: 2, workers: 1, threads: 1 };

/** The frames of a run, all of them. */
export async function all(source: UpscaleSource, options: UpscaleOptions = {}): Promise<OutputFrame[]> {
  const frames: OutputFrame[] = [];
  for await (const frame of upscale(source, { ...cheap, ...options })) frames.push(frame);
  return frames;
}

/** Frames of one gray level each, `first` being the level of the first. */
export function* grays(count: number, first = 0): Generator<InputFrame> {
  for (let index = 0; index < count; index++)
    yield { format: 'gray', width: 16, height: 16, data: new Uint8Array(256).fill(first + index), pts: 3 * index, timeBase: { num: 1, den: 75 } };
}
