/** A box of an MP4 file. */
export function box(type: string, ...content: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(content.reduce((sum, { length }) => sum + length, 8));
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, ...content]);
}

/** 32-bit words, big-endian. */
export function words(...values: readonly number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.from([24, 16, 8, 0].map((shift) => (value >> shift) & 255))));
}

/** Adds boxes to the sample entry of the first track of an MP4 whose index lies at its end. */
export function inSampleEntry(mp4: Buffer, codec: string, ...boxes: readonly Buffer[]): Buffer {
  const added = Buffer.concat(boxes);
  const ends: number[] = [];
  let [from, to] = [0, mp4.length];
  for (const type of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd', codec]) {
    while (mp4.toString('latin1', from + 4, from + 8) !== type) {
      from += mp4.readUInt32BE(from);
      if (from >= to) throw new Error(`no ${type}`);
    }
    ends.push(from);
    to = from + mp4.readUInt32BE(from);
    from += type === 'stsd' ? 16 : 8;
  }
  const result = Buffer.concat([mp4.subarray(0, to), added, mp4.subarray(to)]);
  for (const at of ends) result.writeUInt32BE(mp4.readUInt32BE(at) + added.length, at);
  return result;
}
