// Feeds a canvas: a page that draws the frames of a video as they are made. node canvas.js in.mp4, then open the address.
// The browser takes frames at the pace at which it draws them: response.write says when to wait, and so the run waits, too.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { upscale } from 'srvid';

const [input, port = '8080', preset = 'swift'] = process.argv.slice(2);

const PAGE = `<!doctype html><title>srvid on a canvas</title><canvas></canvas><script type="module">
const reader = (await fetch('frames')).body.getReader();
const canvas = document.querySelector('canvas');
let held = new Uint8Array(0);
async function bytes(count) {
  while (held.length < count) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    const more = new Uint8Array(held.length + value.length);
    more.set(held);
    more.set(value, held.length);
    held = more;
  }
  const taken = held.slice(0, count);
  held = held.slice(count);
  return taken;
}
for (let head = await bytes(8); head; head = await bytes(8)) {
  const [width, height] = [0, 4].map((at) => new DataView(head.buffer).getUint32(at));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pixels = new Uint8ClampedArray((await bytes(4 * width * height)).buffer);
  canvas.getContext('2d').putImageData(new ImageData(pixels, width, height), 0, 0);
  await new Promise(requestAnimationFrame);
}
</script>`;

const server = createServer(async (request, response) => {
  if (request.url !== '/frames') return response.setHeader('Content-Type', 'text/html').end(PAGE);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for await (const { width, height, data } of upscale(input, { preset, scale: 2, format: 'rgba', signal: gone.signal })) {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(width, 0);
      head.writeUInt32BE(height, 4);
      response.write(head);
      if (!response.write(data)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) console.error(error.message);
    response.destroy();
  }
});
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
