import { boxesIn, damaged, Fields, requireBox } from './box.js';

/** Kind, codec and size of a track, as its sample entry in `stsd` gives them. */
export interface SampleFormat {
  readonly kind: 'video' | 'audio';
  /** Codec string of RFC 6381 for `MediaSource.isTypeSupported`, such as "avc1.42c028". */
  readonly codec: string;
  /** Pixels. 0 for sound. */
  readonly width: number;
  readonly height: number;
}

/** Bytes of a VisualSampleEntry and of an AudioSampleEntry before their child boxes (ISO/IEC 14496-12 §12.1.3, §12.2.3). */
const VISUAL_BYTES = 78;
const AUDIO_BYTES = 28;

const CODECS: Readonly<Record<string, { readonly kind: 'video' | 'audio'; readonly name: (boxes: Buffer, type: string) => string }>> = {
  avc1: { kind: 'video', name: avc },
  avc3: { kind: 'video', name: avc },
  hvc1: { kind: 'video', name: hevc },
  hev1: { kind: 'video', name: hevc },
  av01: { kind: 'video', name: av1 },
  vp09: { kind: 'video', name: vp9 },
  mp4a: { kind: 'audio', name: mpeg4Audio },
  Opus: { kind: 'audio', name: () => 'opus' },
  fLaC: { kind: 'audio', name: () => 'flac' },
};

/** Parses a track's `stsd` box. Undefined if the track is neither video nor audio of a codec in the table above. @throws SRVID_FRAGMENT_INVALID */
export function sampleFormat(stsd: Buffer): SampleFormat | undefined {
  const [entry] = boxesIn(new Fields(stsd).skip(8).rest());
  const codec = entry && CODECS[entry.type];
  if (!entry || !codec) return undefined;
  const { payload, type } = entry;
  const { kind, name } = codec;
  if (kind === 'audio') return { kind, codec: name(new Fields(payload).skip(AUDIO_BYTES).rest(), type), width: 0, height: 0 };
  const size = new Fields(payload).skip(24);
  return { kind, width: size.unsigned(2), height: size.unsigned(2), codec: name(new Fields(payload).skip(VISUAL_BYTES).rest(), type) };
}

/** H.264: profile, compatibility and level (ISO/IEC 14496-15 §5.3.3.1). */
function avc(boxes: Buffer, type: string): string {
  const fields = new Fields(requireBox(boxes, 'avcC')).skip(1);
  return `${type}.${hex(fields.unsigned(3), 6)}`;
}

/** H.265: profile, compatibility, tier, level and constraints (ISO/IEC 14496-15 annex E.3). */
function hevc(boxes: Buffer, type: string): string {
  const fields = new Fields(requireBox(boxes, 'hvcC')).skip(1);
  const profile = fields.unsigned(1);
  const space = ['', 'A', 'B', 'C'][profile >> 6];
  const compatibility = reversedBits(fields.unsigned(4));
  const constraints = Array.from({ length: 6 }, () => fields.unsigned(1));
  while (constraints.at(-1) === 0) constraints.pop();
  const tier = profile & 0x20 ? 'H' : 'L';
  return [type, `${space}${profile & 0x1f}`, hex(compatibility, 1), `${tier}${fields.unsigned(1)}`, ...constraints.map((byte) => hex(byte, 1))].join('.');
}

/** AV1: profile, level, tier and bit depth ("Codecs Parameter String" of the AV1 codec's ISO media binding, §5). */
function av1(boxes: Buffer): string {
  const fields = new Fields(requireBox(boxes, 'av1C')).skip(1);
  const profile = fields.unsigned(1);
  const flags = fields.unsigned(1);
  const depth = flags & 0x40 ? (flags & 0x20 ? 12 : 10) : 8;
  return `av01.${profile >> 5}.${decimal(profile & 0x1f)}${flags & 0x80 ? 'H' : 'M'}.${decimal(depth)}`;
}

/** VP9: profile, level and bit depth ("Codecs Parameter String" of the VP codec ISO media file format binding). */
function vp9(boxes: Buffer): string {
  const fields = new Fields(requireBox(boxes, 'vpcC')).skip(4);
  return `vp09.${decimal(fields.unsigned(1))}.${decimal(fields.unsigned(1))}.${decimal(fields.unsigned(1) >> 4)}`;
}

const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;

/** MPEG-4 audio: object type (ISO/IEC 14496-1 §7.2.6.6) and audio object type (ISO/IEC 14496-3 §1.6.2.1). */
function mpeg4Audio(boxes: Buffer): string {
  const stream = descriptor(new Fields(requireBox(boxes, 'esds')).skip(4), ES_DESCRIPTOR).skip(2);
  const flags = stream.unsigned(1);
  if (flags & 0x80) stream.skip(2);
  if (flags & 0x40) stream.skip(stream.unsigned(1));
  if (flags & 0x20) stream.skip(2);
  const config = descriptor(stream, DECODER_CONFIG);
  const objectType = config.unsigned(1);
  if (objectType !== 0x40) return `mp4a.${hex(objectType, 2)}`;
  const specific = descriptor(config.skip(12), DECODER_SPECIFIC);
  const first = specific.unsigned(1);
  const audioType = first >> 3;
  return `mp4a.40.${audioType === 31 ? 32 + (((first & 7) << 3) | (specific.unsigned(1) >> 5)) : audioType}`;
}

/** Skips a descriptor's tag and length. The length takes seven bits of each byte, and at most four bytes. */
function descriptor(fields: Fields, tag: number): Fields {
  if (fields.unsigned(1) !== tag) throw damaged(`esds has no descriptor ${tag} where one belongs`);
  for (let byteCount = 0; fields.unsigned(1) & 0x80; byteCount++) if (byteCount === 3) throw damaged('esds has a length without end');
  return fields;
}

function reversedBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = ((reversed << 1) | ((value >>> bit) & 1)) >>> 0;
  return reversed;
}

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
const decimal = (value: number) => value.toString().padStart(2, '0');
