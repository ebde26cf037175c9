// Tells the caller where scenes change, and leaves the pictures alone.
// Ordered: it compares each frame with the one before, so one thread runs it, frame after frame.
//   srvid in.mp4 out.mp4 --plugin-before ./scene-marker.js --json | grep '"scene"'
import { definePlugin, z } from 'srvid/plugin';

/** Brightnesses are counted in this many classes. */
const CLASSES = 32;

export default definePlugin({
  name: 'scene-marker',
  apiVersion: 1,
  description: 'Emits an event at each change of scene.',
  options: z.strictObject({
    threshold: z.number().min(0).max(1).default(0.4).describe('share of pixels that must get another brightness'),
  }),
  planes: 'y',
  halo: 'global',
  state: 'ordered',
  // Figures of the last frame are kept, not the frame itself: its memory is another frame's by then.
  init: () => ({ scene: 0, last: undefined }),
  process(frame, { options, state, emit }) {
    const counts = brightnessesOf(frame.planes[0]);
    const changed = state.last === undefined ? 1 : distance(state.last, counts);
    state.last = counts;
    if (changed >= options.threshold) {
      const seconds = (frame.pts * frame.timeBase.num) / frame.timeBase.den;
      emit({ scene: ++state.scene, seconds, changed: Number(changed.toFixed(3)) });
    }
    return frame;
  },
});

/** The share of pixels in each class of brightness. */
function brightnessesOf({ data }) {
  const counts = new Float32Array(CLASSES);
  for (let i = 0; i < data.length; i++) counts[(data[i] * CLASSES) >> 8] += 1 / data.length;
  return counts;
}

/** Half the sum of differences: 0 for equal distributions, 1 for those that have nothing in common. */
function distance(a, b) {
  return a.reduce((sum, share, index) => sum + Math.abs(share - b[index]) / 2, 0);
}
