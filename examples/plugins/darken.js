// A minimal plugin: it makes the luma darker. The chroma stays as it is.
import { definePlugin } from 'srvid/plugin';

export default definePlugin({
  name: 'darken',
  apiVersion: 1,
  planes: 'y',
  halo: 0,
  process(frame, context) {
    const result = context.allocate();
    frame.planes[0].data.forEach((value, index) => {
      result.planes[0].data[index] = value * 0.8;
    });
    return result;
  },
});
