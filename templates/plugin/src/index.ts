import { definePlugin, z } from 'srvid/plugin';

/** Options that users write behind the plugin's name: --plugin __PACKAGE__?strength=0.8 */
const options = z.strictObject({
  strength: z.number().min(0).max(1).default(0.5).describe('0 changes nothing, 1 lifts the most'),
});

type Options = z.infer<typeof options>;

/** The effect: the new brightness of a pixel, from its old one. Both run from 0, black, to 1, white. */
export function effect(brightness: number, { strength }: Options): number {
  return brightness ** (1 - strength / 2);
}

/** The new value for each value of a sample. Beyond black and white they stay, so that nothing is clipped. */
function tableFor(black: number, white: number, options: Options): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => {
    if (value < black || value > white) return value;
    const brightness = effect((value - black) / (white - black), options);
    return Math.round(black + Math.min(1, Math.max(0, brightness)) * (white - black));
  });
}

export default definePlugin<Options, { tv: Uint8Array; pc: Uint8Array }>({
  name: '__NAME__',
  apiVersion: 1,
  description: 'Lifts the dark parts of a video.',
  options,
  planes: 'y', // It sees the luma; srvid carries the colours along.
  halo: 0, // A pixel of the result depends on that pixel alone.
  init: ({ options }) => ({ tv: tableFor(16, 235, options), pc: tableFor(0, 255, options) }),
  process(frame, { state, allocate }) {
    const table = state[frame.color.range ?? 'tv'];
    const result = allocate();
    const [from, to] = [frame.planes[0].data, result.planes[0].data];
    for (let i = 0; i < from.length; i++) to[i] = table[from[i]];
    return result;
  },
});
