import type { ProbedStream } from '../ffmpeg/probe.js';
import { tagOf } from '../input/tags.js';
import { markMatroska, matroskaBytes } from './matroska-marks.js';
import { markMp4, mp4Bytes } from './mp4-marks.js';
import { sphericalOf, type ViewMarks } from './spherical.js';

/** The marks of an output: ffmpeg's options, what to write at the end, and a warning for what is lost. */
export interface ViewMarksPlan {
  readonly options: readonly string[];
  readonly marks: ViewMarks | undefined;
  readonly warnings: readonly string[];
}

/** Containers' ways to say these things, by muxer. */
const WAYS = new Map<string, ViewMarks['container']>([
  ['mp4', 'mp4'],
  ['mov', 'mp4'],
  ['matroska', 'matroska'],
  ['webm', 'matroska'],
]);

/** Arrangements as ffprobe names them, as `st3d` counts them, and as ffmpeg's Matroska muxer names them: left eye first, right eye first. */
const ARRANGEMENTS: Readonly<Record<string, readonly [mp4: number | undefined, leftFirst: string, rightFirst: string]>> = {
  '2D': [0, 'mono', 'mono'],
  'top and bottom': [1, 'top_bottom', 'bottom_top'],
  'side by side': [2, 'left_right', 'right_left'],
  checkerboard: [undefined, 'checkerboard_lr', 'checkerboard_rl'],
  'interleaved lines': [undefined, 'row_interleaved_lr', 'row_interleaved_rl'],
  'interleaved columns': [undefined, 'col_interleaved_lr', 'col_interleaved_rl'],
  'frame alternate': [undefined, 'block_lr', 'block_rl'],
};
/** The arrangements that WebM has. */
const OF_WEBM = /^(mono|left_right|right_left|top_bottom|bottom_top)$/;

/**
 * Plans the marks of 360-degree and stereo video, as the source's container has them, for pictures `scale` times as large.
 * `seekable` is false for a pipe, into which nothing can be written later.
 */
export function planViewMarks(video: ProbedStream, muxer: string, seekable: boolean, scale: number): ViewMarksPlan {
  const way = WAYS.get(muxer);
  const warnings: string[] = [];
  const lost = (what: string, why: string) => void warnings.push(`The source is ${what}, and the mark that says so is lost: ${why}`);
  const noPlace = `${muxer} has no place for it. Write .mkv to keep it.`;
  const noWayBack = 'it cannot be written to standard output. Write a file to keep it.';

  const stereo = dataOf(video, 'stereo 3d');
  const arrangement = stereo && ARRANGEMENTS[String(stereo['type'])];
  const named = arrangement?.[stereo?.['inverted'] === 1 ? 2 : 1] ?? tagOf(video, 'stereo_mode');
  const inMatroska = way === 'matroska' && named !== undefined && (muxer !== 'webm' || OF_WEBM.test(named));
  const inMp4 = way === 'mp4' && seekable && stereo?.['inverted'] !== 1 ? arrangement?.[0] : undefined;
  const isStereo = (stereo !== undefined && stereo['type'] !== '2D') || (stereo === undefined && named !== undefined && named !== 'mono');
  if (isStereo && !inMatroska && inMp4 === undefined) {
    const what = `stereo video (${named ?? stereo?.['type']})`;
    lost(what, way === 'mp4' && !seekable && arrangement?.[0] !== undefined ? noWayBack : noPlace);
  }

  const sphere = dataOf(video, 'spherical mapping');
  const spherical = sphere && sphericalOf(sphere, video, scale);
  if (sphere && (!spherical || !way || !seekable)) lost(`360-degree video (${sphere['projection']})`, way && !seekable ? noWayBack : noPlace);

  const marks = way && seekable && (spherical || inMp4 !== undefined) ? { container: way, stereo: inMp4, spherical } : undefined;
  const tag = `stereo_mode=${inMatroska ? named : ''}`;
  return {
    options: [...(named === undefined ? [] : ['-metadata:s:0', tag]), ...(marks ? placeFor(marks, video) : [])],
    marks,
    warnings,
  };
}

/** Writes the marks into the finished file, in place. False where the file is not built as expected, and so was left as it is. */
export async function writeViewMarks(path: string, marks: ViewMarks): Promise<boolean> {
  return marks.container === 'mp4' ? markMp4(path, marks) : markMatroska(path, marks);
}

/** A name of the track that is longer by the room that the marks will take. Nothing else then moves in the file. */
function placeFor(marks: ViewMarks, video: ProbedStream): string[] {
  const [tag, usual, bytes] = marks.container === 'mp4' ? ['handler_name', 'VideoHandler', mp4Bytes(marks)] : ['title', '', matroskaBytes(marks)];
  const name = tagOf(video, tag) ?? usual;
  // QuickTime counts the name's length in one byte.
  return ['-metadata:s:0', `${tag}=${(Buffer.byteLength(name) > 100 ? usual : name) + ' '.repeat(bytes)}`];
}

function dataOf({ side_data_list = [] }: ProbedStream, kind: string): Readonly<Record<string, unknown>> | undefined {
  return side_data_list.find(({ side_data_type }) => side_data_type?.toLowerCase() === kind);
}
