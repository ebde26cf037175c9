/** A PAM picture with transparency of one colour. */
export function pam(width: number, height: number, [red, green, blue, opacity]: readonly [number, number, number, number]): Buffer {
  const header = `P7\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  const pixels = Buffer.alloc(width * height * 4);
  for (let at = 0; at < pixels.length; at += 4) pixels.set([red, green, blue, opacity], at);
  return Buffer.concat([Buffer.from(header), pixels]);
}
