// Blends each frame with the one before it, as far as nothing moves, by a network that comes with the plugin.
// The network is float, has three inputs (this frame, the one before it, a strength) and gives one picture of the same size.
//   srvid in.mp4 out.mp4 --plugin-before './blend.js?strength=8'
import { definePlugin, z } from 'srvid/plugin';

const NETWORK = { file: './blend.onnx', sha256: '30b404f465dfcbe1051070a77753a2a203d9d4a09630f195f3b745489b2174b8' };

export default definePlugin({
  name: 'blend',
  apiVersion: 1,
  description: 'Temporal denoising over two frames by a network.',
  options: z.strictObject({
    strength: z.number().min(0.5).max(64).default(6).describe('levels by which noise differs from frame to frame'),
  }),
  planes: 'y',
  halo: 1, // The network looks at the nine pixels around one.
  window: { past: 1, future: 0 },
  models: () => [NETWORK],
  init({ input: { width, height } }) {
    // Tensors that all frames of this thread use.
    const picture = () => ({ data: new Float32Array(width * height), dims: [1, 1, height, width] });
    return { now: picture(), past: picture(), result: picture() };
  },
  async process(frame, { options, state, allocate, neighbour, model }) {
    const { now, past, result } = state;
    now.data.set(frame.planes[0].data); // Bytes to floats, 0 to 255.
    past.data.set(neighbour(-1).planes[0].data);
    await model(NETWORK).run([now, past, { data: Float32Array.of(options.strength), dims: [1] }], result);
    const output = allocate();
    for (let i = 0; i < result.data.length; i++) output.planes[0].data[i] = Math.round(result.data[i]);
    return output;
  },
});
