// Lays a picture over a corner, in its own colours: srvid completes the large frame, shows it as RGB and converts it back.
// The picture is a PAM file with transparency, which ffmpeg makes: ffmpeg -i logo.png -pix_fmt rgba logo.pam
//   srvid in.mp4 out.mp4 --plugin './watermark.js?file=logo.pam&corner=top-left'
import { readFile } from 'node:fs/promises';
import { definePlugin, z } from 'srvid/plugin';

const MAX_SIDE = 4096;

export default definePlugin({
  name: 'watermark',
  apiVersion: 1,
  description: 'Lays a picture over a corner.',
  options: z.strictObject({
    file: z.string().describe('a PAM picture with transparency'),
    corner: z.enum(['top-left', 'top-right', 'bottom-left', 'bottom-right']).default('bottom-right').describe('the corner that it lies in'),
    margin: z.int().min(0).max(MAX_SIDE).default(16).describe('pixels between it and the borders'),
    opacity: z.number().min(0).max(1).default(0.7).describe('0 shows nothing of it, 1 hides what is below'),
  }),
  planes: 'rgb',
  halo: 0, // A pixel depends on its place and on itself.
  init: async ({ options }) => parsePam(await readFile(options.file)),
  process(frame, { options, state: mark, allocate }) {
    const result = allocate();
    const { data, stride } = result.planes[0];
    data.set(frame.planes[0].data);
    const left = options.corner.endsWith('left') ? options.margin : frame.width - mark.width - options.margin;
    const top = options.corner.startsWith('top') ? options.margin : frame.height - mark.height - options.margin;
    for (let y = Math.max(0, -top); y < Math.min(mark.height, frame.height - top); y++) {
      for (let x = Math.max(0, -left); x < Math.min(mark.width, frame.width - left); x++) {
        const from = (y * mark.width + x) * 4;
        const to = (top + y) * stride + (left + x) * 3;
        const opacity = (mark.data[from + 3] / 255) * options.opacity;
        for (let channel = 0; channel < 3; channel++) {
          data[to + channel] = Math.round(data[to + channel] * (1 - opacity) + mark.data[from + channel] * opacity);
        }
      }
    }
    return result;
  },
});

/** Reads a picture with four bytes a pixel: red, green, blue, opacity (Netpbm's PAM, type RGB_ALPHA). */
function parsePam(bytes) {
  const end = bytes.indexOf('ENDHDR\n');
  const header = bytes.subarray(0, Math.max(end, 0)).toString('latin1');
  const number = (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(header)?.[1]);
  const [width, height] = [number('WIDTH'), number('HEIGHT')];
  const data = bytes.subarray(end + 7);
  const whole = header.startsWith('P7\n') && number('DEPTH') === 4 && number('MAXVAL') === 255 && width <= MAX_SIDE && height <= MAX_SIDE;
  if (whole && data.length >= width * height * 4) return { width, height, data };
  throw new Error(`it is not a PAM picture with transparency of at most ${MAX_SIDE}x${MAX_SIDE} pixels; ffmpeg -i logo.png -pix_fmt rgba logo.pam makes one`);
}
