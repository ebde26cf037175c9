/** Adds CEA-608 captions to a raw H.264 stream of one slice a picture: "HELLO WORLD!", two characters a frame (ATSC A/53 Part 4, in an SEI message). */
export function withCaptions(h264: Buffer): Buffer {
  const text = 'HELLO WORLD!';
  const pairs: (readonly [number, number])[] = [
    ...[0x20, 0x20, 0x70, 0x70].map((control) => [0x14, control] as const),
    ...Array.from({ length: text.length / 2 }, (_, pair) => [text.charCodeAt(2 * pair), text.charCodeAt(2 * pair + 1)] as const),
    ...[0x2f, 0x2f].map((control) => [0x14, control] as const),
  ];
  const parts: Buffer[] = [];
  let picture = 0;
  const starts = startsOf(h264);
  for (const [order, start] of starts.entries()) {
    const isPicture = [1, 5].includes((h264[start + 3] as number) & 31);
    if (isPicture) parts.push(message(...(pairs[picture++] ?? ([0, 0] as const))));
    parts.push(h264.subarray(start, starts[order + 1] ?? h264.length));
  }
  return Buffer.concat(parts);
}

function startsOf(h264: Buffer): number[] {
  const starts: number[] = [];
  for (let at = h264.indexOf('\0\0\x01', 0, 'latin1'); at >= 0; at = h264.indexOf('\0\0\x01', at + 3, 'latin1')) starts.push(at);
  return starts;
}

/** An SEI NAL unit with one pair of characters, in odd parity. */
function message(first: number, second: number): Buffer {
  const odd = (value: number) => ([...value.toString(2)].filter((bit) => bit === '1').length % 2 === 0 ? value | 0x80 : value);
  const data = Buffer.from([0xb5, 0, 0x31, ...Buffer.from('GA94'), 3, 0x41, 0xff, 0xfc, odd(first), odd(second), 0xff]);
  const content = Buffer.concat([Buffer.from([6, 4, data.length]), data, Buffer.from([0x80])]);
  // Two zeros before a byte of at most 3 would look like a start code.
  const escaped = [...content].reduce<number[]>((bytes, byte) => bytes.concat(byte <= 3 && bytes.at(-1) === 0 && bytes.at(-2) === 0 ? [3, byte] : [byte]), []);
  return Buffer.from([0, 0, 1, ...escaped]);
}
