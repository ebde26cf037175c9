/** Luma planes of edges, ramps and noise, one behind the other, the same each time. */
export function picture(width, height, planes = 1) {
  const data = new Uint8Array(planes * height * width);
  let noise = 1;
  for (let index = 0; index < data.length; index++) {
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const [x, y] = [index % width, Math.floor(index / width)];
    data[index] = ((x >> 5) & 1 ? 160 : 40) + (y * 80) / height / planes + (noise >>> 28);
  }
  return data;
}
