/**
 * A Blu-ray subtitle (PGS) of one 8x2 picture shown at `seconds`: the smallest bitmap subtitle that ffmpeg reads, since
 * it has no encoder that would make one from text. US patent 2009/0185789 describes the segments.
 */
export function pgsSubtitle(seconds: number): Buffer {
  const [screen, size] = [
    [640, 360],
    [8, 2],
  ] as const;
  const line = [...Array<number>(size[0]).fill(1), 0, 0];
  const picture = Array.from({ length: size[1] }, () => line).flat();
  const composition = (objects: number[][]) => [...u16(screen[0]), ...u16(screen[1]), 0x10, ...u16(0), 0x80, 0, 0, objects.length, ...objects.flat()];
  const show = [
    segment(seconds, 0x16, composition([[...u16(0), 0, 0, ...u16(10), ...u16(10)]])),
    segment(seconds, 0x17, [1, 0, ...u16(10), ...u16(10), ...u16(size[0]), ...u16(size[1])]),
    segment(seconds, 0x14, [0, 0, 1, 235, 128, 128, 255]),
    segment(seconds, 0x15, [...u16(0), 0, 0xc0, 0, ...u16(picture.length + 4), ...u16(size[0]), ...u16(size[1]), ...picture]),
    segment(seconds, 0x80, []),
  ];
  const hide = [segment(seconds + 0.5, 0x16, composition([])), segment(seconds + 0.5, 0x80, [])];
  return Buffer.concat([...show, ...hide]);
}

function segment(seconds: number, type: number, data: readonly number[]): Buffer {
  const head = Buffer.alloc(13);
  head.write('PG', 0, 'latin1');
  head.writeUInt32BE(Math.round(seconds * 90_000), 2);
  head.writeUInt8(type, 10);
  head.writeUInt16BE(data.length, 11);
  return Buffer.concat([head, Buffer.from(data)]);
}

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}
