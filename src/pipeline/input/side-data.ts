import type { ProbedStream } from '../ffmpeg/probe.js';

/*
 * Side data is what a stream or a frame carries beside its pixels, by the names that ffprobe gives its kinds. Raw frames
 * have none. Whatever is not carried in another way is named here, the unknown included.
 */

/** Kinds that say nothing about the picture, or that decoding heeds. Capitals differ between ffmpeg's versions. */
const IMMATERIAL =
  /^(display matrix|cpb properties|gop timecode|h\.26\[45\] user data unregistered|avpanscan|motion vectors|qp |video encoding parameters|palette|new extradata|param change|quality stats|skip samples|strings metadata|metadata update|mpegts stream id|producer reference time|encryption|h263 mb info|unknown)/i;
/** Kinds that the output's planning carries, or names itself: see `planFrameSideData`, `planViewMarks` and `planStaticHdr`. */
const PLANNED = /^(atsc a53|stereo 3d|spherical mapping|mastering display|content light level)/i;
const DOLBY_VISION = /^(dovi|dolby vision)/i;

/** A sentence for each kind of a stream's side data that is lost. */
export function sideDataLosses(video: ProbedStream): string[] {
  const kinds = sideDataKinds(video).filter((kind) => !IMMATERIAL.test(kind) && !PLANNED.test(kind));
  const others = kinds.filter((kind) => !DOLBY_VISION.test(kind));
  return [
    ...(kinds.some((kind) => DOLBY_VISION.test(kind)) ? [dolbyVisionLoss(video)] : []),
    ...(video['film_grain'] === 1
      ? ['The source has its film grain as numbers; it is drawn into the pictures and enlarged with them, and the numbers are lost.']
      : []),
    ...others.map((kind) => `The source has side data with its pictures that is lost: ${kind}.`),
  ];
}

/** The kinds of a stream's own side data and of its first frames', each once. */
export function sideDataKinds({ side_data_list = [], frame_side_data = [] }: ProbedStream): string[] {
  const kinds = [...side_data_list, ...frame_side_data].flatMap(({ side_data_type }) => side_data_type ?? []);
  const seen = new Set<string>();
  return kinds.filter((kind) => !seen.has(kind.toLowerCase()) && seen.add(kind.toLowerCase()));
}

/**
 * Profiles whose base layer is compatible with nothing (`dv_bl_signal_compatibility_id` 0) hold IPT instead of YCbCr,
 * which only the metadata turns into colours.
 */
function dolbyVisionLoss({ side_data_list = [] }: ProbedStream): string {
  const record = side_data_list.find(({ side_data_type }) => DOLBY_VISION.test(side_data_type ?? ''));
  const profile = record?.['dv_profile'];
  const name = profile === undefined ? 'Dolby Vision' : `Dolby Vision, profile ${profile}`;
  if (record && Number(record['dv_bl_signal_compatibility_id'] ?? 0) === 0)
    return `The source is ${name}, which has no ordinary base layer: its metadata is lost, and without it colours will be wrong, green and purple. Convert it to HDR10 or SDR first.`;
  return `The source is ${name}. Its ordinary base layer is processed, and the Dolby Vision metadata is lost.`;
}
