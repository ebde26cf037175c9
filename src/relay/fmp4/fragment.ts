import { boxesIn, Fields, requireBox } from './box.js';
import type { InitSegment, Track } from './init-segment.js';

/** One complete fragment. A viewer gets it as one binary message. */
export interface Fragment {
  /** `moof` and `mdat`, with the boxes before them that belong to the fragment. Never written to again. */
  readonly bytes: Buffer;
  /** Decoding may start here: the fragment has video, and its first video sample is a sync sample. */
  readonly keyframe: boolean;
  /** Decode time of the first video sample, or of the first audio sample if there is no video. Counted from the start of the epoch. */
  readonly startSeconds: number;
  /** Sum of the sample durations of that track. */
  readonly durationSeconds: number;
}

/** Flags of a sample, of `tfhd` and of `trun` (ISO/IEC 14496-12 §8.8.3.1, §8.8.7, §8.8.8). */
const NON_SYNC = 0x10000;
const TFHD = { baseDataOffset: 0x1, description: 0x2, duration: 0x8, size: 0x10, flags: 0x20 };
const TRUN = { dataOffset: 0x1, firstFlags: 0x4, duration: 0x100, size: 0x200, flags: 0x400, offset: 0x800 };

/** Parses the payload of a `moof`. @throws SRVID_FRAGMENT_INVALID */
export function readFragment(moof: Buffer, { tracks }: InitSegment): Omit<Fragment, 'bytes'> {
  const runs: (TrackRun & { readonly track: Track })[] = [];
  for (const { type, payload } of boxesIn(moof)) {
    if (type !== 'traf') continue;
    const run = readTrackRun(payload, tracks);
    if (run) runs.push(run);
  }
  const run = runs.find(({ track }) => track.kind === 'video') ?? runs[0];
  if (!run) return { keyframe: false, startSeconds: 0, durationSeconds: 0 };
  const { track, start, duration, startsInSync } = run;
  return { keyframe: track.kind === 'video' && startsInSync, startSeconds: start / track.timescale, durationSeconds: duration / track.timescale };
}

interface TrackRun {
  /** In ticks of the track's timescale. */
  readonly start: number;
  readonly duration: number;
  readonly startsInSync: boolean;
}

/** Parses a `traf`. Undefined if its track is not in `tracks`, or it has no samples. */
function readTrackRun(traf: Buffer, tracks: readonly Track[]): (TrackRun & { readonly track: Track }) | undefined {
  const header = new Fields(requireBox(traf, 'tfhd')).skip(1);
  const flags = header.unsigned(3);
  const id = header.unsigned(4);
  const track = tracks.find((candidate) => candidate.id === id);
  if (!track) return undefined;
  header.skip((flags & TFHD.baseDataOffset ? 8 : 0) + (flags & TFHD.description ? 4 : 0));
  const defaultDuration = flags & TFHD.duration ? header.unsigned(4) : track.defaultDuration;
  if (flags & TFHD.size) header.skip(4);
  const defaultFlags = flags & TFHD.flags ? header.unsigned(4) : track.defaultFlags;
  let duration = 0;
  let firstFlags: number | undefined;
  for (const { type, payload } of boxesIn(traf)) {
    if (type !== 'trun') continue;
    const samples = readSamples(payload, defaultDuration, defaultFlags);
    duration += samples.duration;
    firstFlags ??= samples.firstFlags;
  }
  if (firstFlags === undefined) return undefined;
  return { track, start: decodeTime(requireBox(traf, 'tfdt')), duration, startsInSync: (firstFlags & NON_SYNC) === 0 };
}

/** Sums up the durations of a run. The samples are only read if they have fields of their own, so that a false count cannot cause a long loop. */
function readSamples(trun: Buffer, defaultDuration: number, defaultFlags: number): { duration: number; firstFlags: number | undefined } {
  const fields = new Fields(trun).skip(1);
  const flags = fields.unsigned(3);
  const count = fields.unsigned(4);
  if (count === 0) return { duration: 0, firstFlags: undefined };
  if (flags & TRUN.dataOffset) fields.skip(4);
  let firstFlags = flags & TRUN.firstFlags ? fields.unsigned(4) : undefined;
  let duration = flags & TRUN.duration ? 0 : count * defaultDuration;
  if (flags & (TRUN.duration | TRUN.size | TRUN.flags | TRUN.offset)) {
    for (let sample = 0; sample < count; sample++) {
      if (flags & TRUN.duration) duration += fields.unsigned(4);
      if (flags & TRUN.size) fields.skip(4);
      const own = flags & TRUN.flags ? fields.unsigned(4) : undefined;
      firstFlags ??= own;
      if (flags & TRUN.offset) fields.skip(4);
    }
  }
  return { duration, firstFlags: firstFlags ?? defaultFlags };
}

function decodeTime(tfdt: Buffer): number {
  const fields = new Fields(tfdt);
  const version = fields.unsigned(1);
  return fields.skip(3).unsigned(version === 1 ? 8 : 4);
}
