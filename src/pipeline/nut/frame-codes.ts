import { corrupt, FLAG, type PacketBody } from './syntax.js';

/** Meaning of a frame's first byte: defaults for every field that the frame's header may leave out. */
export interface FrameCode {
  readonly flags: number;
  readonly stream: number;
  readonly multiplier: number;
  readonly sizeLsb: number;
  readonly ptsDelta: number;
  readonly reserved: number;
  readonly headerIndex: number;
}

/** Reads the table of 256 frame codes from a main header. @throws SRVID_STREAM_CORRUPT */
export function frameCodeTable(body: PacketBody): FrameCode[] {
  const codes: FrameCode[] = [];
  const invalid: FrameCode = { flags: FLAG.invalid, stream: 0, multiplier: 1, sizeLsb: 0, ptsDelta: 0, reserved: 0, headerIndex: 0 };
  let [ptsDelta, multiplier, stream, headerIndex] = [0, 1, 0, 0];
  while (codes.length < 256) {
    const flags = body.varint();
    const fields = body.varint();
    if (fields > 0) ptsDelta = body.signedVarint();
    if (fields > 1) multiplier = body.varint();
    if (fields > 2) stream = body.varint();
    const sizeLsb = fields > 3 ? body.varint() : 0;
    const reserved = fields > 4 ? body.varint() : 0;
    const count = fields > 5 ? body.varint() : multiplier - sizeLsb;
    if (fields > 6) body.skipVarint(); // match_time_delta; ffmpeg writes 1 - 2^62 there for "none".
    if (fields > 7) headerIndex = body.varint();
    for (let extra = 8; extra < fields; extra++) body.varint();
    if (count < 1 || count > 256) throw corrupt(`the frame code table has a run of ${count}`);
    for (let index = 0; index < count && codes.length < 256; ) {
      if (codes.length === 0x4e) {
        codes.push(invalid); // "N" begins a start code, never a frame.
        continue;
      }
      codes.push({ flags, stream, multiplier, sizeLsb: sizeLsb + index, ptsDelta, reserved, headerIndex });
      index++;
    }
  }
  return codes;
}
