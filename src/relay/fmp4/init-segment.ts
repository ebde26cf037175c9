import { boxesIn, damaged, Fields, requireBox } from './box.js';
import { type SampleFormat, sampleFormat } from './codec.js';

/** A track, with the defaults for its fragments (`trex`, ISO/IEC 14496-12 §8.8.3). */
export interface Track extends SampleFormat {
  readonly id: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Duration in ticks for samples whose fragment does not give one. */
  readonly defaultDuration: number;
  /** Sample flags for samples whose fragment does not give any. */
  readonly defaultFlags: number;
}

/** The header of a stream. A decoder needs it before the first fragment. */
export interface InitSegment {
  /** `ftyp` and `moov`. Never written to again. */
  readonly bytes: Buffer;
  /** MIME type for `MediaSource.addSourceBuffer`: 'video/mp4; codecs="avc1.42c028,mp4a.40.2"'. */
  readonly mime: string;
  /** Size of the video in pixels. */
  readonly width: number;
  readonly height: number;
  /** Timescale of the video, in ticks a second. */
  readonly timescale: number;
  /** The video and audio tracks. Tracks of unknown codecs are left out. */
  readonly tracks: readonly Track[];
}

/** Parses the payload of a `moov`. `bytes` are `ftyp` and `moov` and are kept. @throws SRVID_FRAGMENT_INVALID if there is no video track */
export function readInitSegment(bytes: Buffer, moov: Buffer): InitSegment {
  const defaults = readDefaults(moov);
  const tracks: Track[] = [];
  for (const { type, payload } of boxesIn(moov)) {
    if (type !== 'trak') continue;
    const track = readTrack(payload, defaults);
    if (track) tracks.push(track);
  }
  const video = tracks.find(({ kind }) => kind === 'video');
  if (!video) throw damaged('it has no track of a video codec that srvid knows');
  const mime = `video/mp4; codecs="${tracks.map(({ codec }) => codec).join(',')}"`;
  return { bytes, mime, width: video.width, height: video.height, timescale: video.timescale, tracks };
}

function readTrack(trak: Buffer, defaults: ReadonlyMap<number, Defaults>): Track | undefined {
  const format = sampleFormat(requireBox(trak, 'mdia', 'minf', 'stbl', 'stsd'));
  if (!format) return undefined;
  const id = afterTimes(requireBox(trak, 'tkhd')).unsigned(4);
  const timescale = afterTimes(requireBox(trak, 'mdia', 'mdhd')).unsigned(4);
  if (timescale === 0) throw damaged(`track ${id} has a time scale of zero`);
  const own = defaults.get(id);
  if (!own) throw damaged(`track ${id} is not a fragmented one`);
  return { ...format, id, timescale, ...own };
}

type Defaults = Pick<Track, 'defaultDuration' | 'defaultFlags'>;

function readDefaults(moov: Buffer): ReadonlyMap<number, Defaults> {
  const defaults = new Map<number, Defaults>();
  for (const { type, payload } of boxesIn(requireBox(moov, 'mvex'))) {
    if (type !== 'trex') continue;
    const fields = new Fields(payload).skip(4);
    const id = fields.unsigned(4);
    defaults.set(id, { defaultDuration: fields.skip(4).unsigned(4), defaultFlags: fields.skip(4).unsigned(4) });
  }
  return defaults;
}

/** Skips the two times at the start of `tkhd` and `mdhd`. They have 64 bits each in version 1. */
function afterTimes(box: Buffer): Fields {
  const fields = new Fields(box);
  const version = fields.unsigned(1);
  return fields.skip(3 + (version === 1 ? 16 : 8));
}
