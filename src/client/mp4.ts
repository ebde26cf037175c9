/** A track of an init segment (ISO/IEC 14496-12 §8.3, §8.4, §8.8.3), as far as parsing fragments needs it. */
export interface Track {
  readonly id: number;
  readonly kind: 'video' | 'audio' | 'other';
  /** Ticks a second. */
  readonly timescale: number;
  /** Duration in ticks and flags for samples whose fragment does not give them. */
  readonly defaultDuration: number;
  readonly defaultFlags: number;
}

/** Times of a fragment, in seconds. */
export interface FragmentTimes {
  /** Presentation time of the first video frame, or of the first audio frame if there is no video. */
  readonly time: number;
  readonly duration: number;
  /** True if the fragment has video and its first frame is a sync sample. */
  readonly keyframe: boolean;
}

/** `sample_is_non_sync_sample` (ISO/IEC 14496-12 §8.8.3.1). */
const NON_SYNC = 0x10000;

/** Parses an init segment (`ftyp` and `moov`) into its tracks. @throws RangeError if it is not one */
export function readTracks(init: Uint8Array): readonly Track[] {
  const moov = childrenOf(viewOf(init)).find(({ type }) => type === 'moov');
  if (!moov) throw new RangeError('Expected an init segment, but it has no "moov".');
  const children = childrenOf(moov.body);
  const defaults = new Map(
    children
      .filter(({ type }) => type === 'mvex')
      .flatMap(({ body }) => childrenOf(body))
      .filter(({ type }) => type === 'trex')
      .map(({ body }) => [body.getUint32(4), { duration: body.getUint32(12), flags: body.getUint32(20) }]),
  );
  return children.filter(({ type }) => type === 'trak').map(({ body }) => readTrack(body, defaults));
}

function readTrack(trak: DataView, defaults: ReadonlyMap<number, { readonly duration: number; readonly flags: number }>): Track {
  const header = find(trak, 'tkhd');
  const media = find(trak, 'mdia');
  const mediaHeader = find(media, 'mdhd');
  const id = header.getUint32(header.getUint8(0) === 1 ? 20 : 12);
  const handler = fourCharacters(find(media, 'hdlr'), 8);
  return {
    id,
    kind: handler === 'vide' ? 'video' : handler === 'soun' ? 'audio' : 'other',
    timescale: mediaHeader.getUint32(mediaHeader.getUint8(0) === 1 ? 20 : 12),
    defaultDuration: defaults.get(id)?.duration ?? 0,
    defaultFlags: defaults.get(id)?.flags ?? 0,
  };
}

/** Parses the `moof` of a complete fragment. @throws RangeError if it is not one, or belongs to none of the tracks */
export function readFragmentTimes(fragment: Uint8Array, tracks: readonly Track[]): FragmentTimes {
  const moof = childrenOf(viewOf(fragment)).find(({ type }) => type === 'moof');
  if (!moof) throw new RangeError('Expected a fragment, but it has no "moof".');
  const runs = childrenOf(moof.body)
    .filter(({ type }) => type === 'traf')
    .map(({ body }) => readTrackRun(body, tracks));
  const shown = runs.find(({ track }) => track.kind === 'video') ?? runs[0];
  if (!shown) throw new RangeError('Expected a fragment with frames, but it has none.');
  const { timescale, kind } = shown.track;
  return { time: shown.start / timescale, duration: shown.duration / timescale, keyframe: kind === 'video' && (shown.firstFlags & NON_SYNC) === 0 };
}

/** Parses a `traf`: its presentation time and duration, both in ticks, and the flags of its first sample. */
function readTrackRun(traf: DataView, tracks: readonly Track[]) {
  const header = readTrackFragmentHeader(find(traf, 'tfhd'), tracks);
  const time = find(traf, 'tfdt');
  const start = time.getUint8(0) === 1 ? Number(time.getBigUint64(4)) : time.getUint32(4);
  let first: { offset: number; flags: number } | undefined;
  let duration = 0;
  for (const { body } of childrenOf(traf).filter(({ type }) => type === 'trun')) {
    const run = readRun(body, header);
    duration += run.duration;
    first ??= run.first;
  }
  return { track: header.track, start: start + (first?.offset ?? 0), duration, firstFlags: first?.flags ?? header.flags };
}

/** Parses a `tfhd` (§8.8.7). */
function readTrackFragmentHeader(box: DataView, tracks: readonly Track[]) {
  const present = box.getUint32(0) & 0xffffff;
  const id = box.getUint32(4);
  const track = tracks.find((candidate) => candidate.id === id);
  if (!track) throw new RangeError(`Expected a fragment of the init segment's tracks, but found track ${id}.`);
  let at = 8 + (present & 0x1 ? 8 : 0) + (present & 0x2 ? 4 : 0);
  const optional = (flag: number, otherwise: number) => {
    if (!(present & flag)) return otherwise;
    at += 4;
    return box.getUint32(at - 4);
  };
  const duration = optional(0x8, track.defaultDuration);
  optional(0x10, 0);
  return { track, duration, flags: optional(0x20, track.defaultFlags) };
}

/** Parses a `trun` (§8.8.8). */
function readRun(box: DataView, header: { readonly duration: number; readonly flags: number }) {
  const present = box.getUint32(0) & 0xffffff;
  const count = box.getUint32(4);
  let at = 8 + (present & 0x1 ? 4 : 0);
  const firstFlags = present & 0x4 ? box.getUint32(at) : undefined;
  at += present & 0x4 ? 4 : 0;
  // Offsets of the fields in a sample's entry, and the size of the entry.
  const sizeAt = present & 0x100 ? 4 : 0;
  const flagsAt = sizeAt + (present & 0x200 ? 4 : 0);
  const offsetAt = flagsAt + (present & 0x400 ? 4 : 0);
  const length = offsetAt + (present & 0x800 ? 4 : 0);
  const flags = firstFlags ?? (present & 0x400 && count > 0 ? box.getUint32(at + flagsAt) : header.flags);
  const offset = present & 0x800 && count > 0 ? box.getInt32(at + offsetAt) : 0;
  let duration = 0;
  if (present & 0x100) for (let index = 0; index < count; index += 1) duration += box.getUint32(at + index * length);
  else duration = count * header.duration;
  return { duration, first: count > 0 ? { offset, flags } : undefined };
}

interface Box {
  readonly type: string;
  /** The bytes after size and type. */
  readonly body: DataView;
}

function childrenOf(view: DataView): Box[] {
  const boxes: Box[] = [];
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const short = view.getUint32(at);
    const header = short === 1 ? 16 : 8;
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? view.byteLength - at : short;
    if (size < header || at + size > view.byteLength)
      throw new RangeError(`Expected a whole box, but one of ${size} bytes begins ${at} into ${view.byteLength}.`);
    boxes.push({ type: fourCharacters(view, at + 4), body: new DataView(view.buffer, view.byteOffset + at + header, size - header) });
    at += size;
  }
  return boxes;
}

function find(parent: DataView, type: string): DataView {
  const box = childrenOf(parent).find((child) => child.type === type);
  if (!box) throw new RangeError(`Expected a "${type}" box, but there is none.`);
  return box.body;
}

function fourCharacters(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
