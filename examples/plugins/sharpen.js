// Sharpens the luma: adds the difference between a pixel and the mean of the nine around it (unsharp masking).
// A per-frame function: it reads one frame and keeps nothing.
//   srvid in.mp4 out.mp4 --plugin './sharpen.js?amount=0.8'
import { definePlugin, z } from 'srvid/plugin';

export default definePlugin({
  name: 'sharpen',
  apiVersion: 1,
  description: 'Sharpens the luma by unsharp masking.',
  options: z.strictObject({
    amount: z.number().min(0).max(4).default(0.6).describe('0 changes nothing; above 1 edges get visible halos'),
  }),
  planes: 'y',
  halo: 1, // The nine pixels around one: one on each side.
  process(frame, { options, allocate }) {
    const result = allocate();
    const [{ data: from, width, height, stride }] = frame.planes;
    const to = result.planes[0].data;
    for (let y = 0; y < height; y++) {
      // Beyond the picture its last row and column repeat.
      const [above, row, below] = [Math.max(y - 1, 0) * stride, y * stride, Math.min(y + 1, height - 1) * stride];
      for (let x = 0; x < width; x++) {
        const [left, right] = [Math.max(x - 1, 0), Math.min(x + 1, width - 1)];
        const sum =
          from[above + left] +
          from[above + x] +
          from[above + right] +
          from[row + left] +
          from[row + x] +
          from[row + right] +
          from[below + left] +
          from[below + x] +
          from[below + right];
        const value = from[row + x] + options.amount * (from[row + x] - sum / 9);
        to[row + x] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
      }
    }
    return result;
  },
});
