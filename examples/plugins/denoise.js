// Takes noise away by averaging each frame with the one before and the one after, where nothing moves.
// A window: srvid keeps the past frame and waits for the future one; at the ends of the video the frame itself stands in for them.
//   srvid in.mp4 out.mp4 --plugin-before './denoise.js?strength=6'
import { definePlugin, z } from 'srvid/plugin';

export default definePlugin({
  name: 'denoise',
  apiVersion: 1,
  description: 'Temporal denoising over three frames that leaves moving things alone.',
  options: z.strictObject({
    strength: z.number().min(0).max(64).default(6).describe('levels by which noise differs from frame to frame; 0 changes nothing'),
  }),
  planes: 'y',
  halo: 1, // Movement is told from noise by the nine pixels around one.
  window: { past: 1, future: 1 },
  init({ input }) {
    const size = input.width * input.height;
    return { differences: new Uint8Array(size), rows: new Uint16Array(size), weights: [new Float32Array(size), new Float32Array(size)] };
  },
  process(frame, { options, state, allocate, neighbour }) {
    const [now] = frame.planes;
    const [past, future] = [-1, 1].map((offset) => neighbour(offset).planes[0].data);
    const [ofPast, ofFuture] = state.weights;
    weigh(now, past, options.strength, state, ofPast);
    weigh(now, future, options.strength, state, ofFuture);
    const result = allocate();
    const to = result.planes[0].data;
    for (let i = 0; i < to.length; i++) {
      to[i] = Math.round((now.data[i] + ofPast[i] * past[i] + ofFuture[i] * future[i]) / (1 + ofPast[i] + ofFuture[i]));
    }
    return result;
  },
});

/**
 * The weight of another frame at each pixel: 1 where it differs by noise, 0 where something moved. Noise is small in the mean of
 * nine pixels, while an edge that moved changes at least three of them by its whole contrast. A pixel that changes alone, by
 * more than noise does, is left as it is, too.
 */
function weigh({ data, width, height }, other, strength, { differences, rows }, weights) {
  for (let i = 0; i < data.length; i++) differences[i] = Math.abs(data[i] - other[i]);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++)
      rows[row + x] = differences[row + Math.max(x - 1, 0)] + differences[row + x] + differences[row + Math.min(x + 1, width - 1)];
  }
  for (let y = 0; y < height; y++) {
    const [above, row, below] = [Math.max(y - 1, 0) * width, y * width, Math.min(y + 1, height - 1) * width];
    for (let x = 0; x < width; x++) {
      const mean = (rows[above + x] + rows[row + x] + rows[below + x]) / 9;
      weights[row + x] = fade(mean, strength) * fade(differences[row + x], 3 * strength);
    }
  }
}

/** 1 up to a limit, 0 from twice the limit on. */
function fade(value, limit) {
  return limit === 0 ? 0 : Math.min(1, Math.max(0, 2 - value / limit));
}
