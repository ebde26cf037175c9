// Writes each frame of a video, enlarged, as a PNG: node write-pngs.js in.mp4 folder
// (srvid in.mp4 folder/%05d.png does the same with ffmpeg's PNG; here the frames pass through the program.)
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { upscale } from 'srvid';

const [input, folder = 'pngs', preset = 'swift'] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
let count = 0;
for await (const frame of upscale(input, { preset, scale: 2, format: 'rgb24' })) {
  await writeFile(join(folder, `${String(++count).padStart(5, '0')}.png`), png(frame));
}
console.log(`${count} pictures in ${folder}`);

/** A picture of 8-bit red, green and blue as PNG (ISO/IEC 15948). */
function png({ width, height, data }) {
  const row = 3 * width;
  const filtered = Buffer.alloc((row + 1) * height); // Each row begins with the number of its filter; 0 is none.
  for (let y = 0; y < height; y++) filtered.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = Buffer.from([...uint32(width), ...uint32(height), 8, 2, 0, 0, 0]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(filtered)), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type), content]);
  return Buffer.concat([uint32(content.length), body, uint32(crc32(body))]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
