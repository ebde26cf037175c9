import { encoderHelp, type FfmpegBinary } from '../ffmpeg/binary.js';
import type { CommandInput } from '../ffmpeg/command.js';
import type { ProbedStream } from '../ffmpeg/probe.js';
import type { Rational } from '../frames/time.js';
import { planCut, type TimeRange } from '../input/cut.js';
import { sideDataKinds } from '../input/side-data.js';
import type { Source } from '../input/source.js';

/**
 * The source's frames, decoded a second time for what lies beside their pixels: closed captions, and the packing of two
 * views that a frame states. Raw video cannot carry these.
 */
export interface FrameSideData {
  readonly input: CommandInput;
  /** Index of the video in that input. */
  readonly stream: number;
  /** Filters that give each frame the time of the processed one. */
  readonly filters: readonly string[];
  /** Options with which the encoder writes it. */
  readonly encoderOptions: readonly string[];
}

/** Facts from which the side data of frames is planned. */
export interface SideDataRequest {
  readonly source: Source;
  readonly range: TimeRange;
  /** ffmpeg's name of the encoder. */
  readonly encoder: string;
  readonly timeBase: Rational;
  /** The source can be read only once. */
  readonly fromPipe: boolean;
  /** Frames may be dropped, so the two readings would differ. */
  readonly drops: boolean;
}

const CAPTIONS = /^atsc a53/i;
const STEREO = /^stereo 3d/i;
/** The option of encoders that write captions. It is on by default in most of them, and in each only since some version. */
const CAPTION_OPTION = 'a53cc';

/** Plans to carry the side data of frames, as far as the encoder writes it, and names what it does not. */
export async function planFrameSideData(
  binary: FfmpegBinary,
  { source, range, encoder, timeBase, fromPipe, drops }: SideDataRequest,
): Promise<{ readonly sideData?: FrameSideData; readonly warnings: readonly string[] }> {
  const { video, probe } = source;
  const kinds = sideDataKinds({ ...video, side_data_list: [] });
  const [hasCaptions, statesStereo] = [kinds.some((kind) => CAPTIONS.test(kind)), kinds.some((kind) => STEREO.test(kind)) && !isMarked(video)];
  if (!hasCaptions && !statesStereo) return { warnings: [] };
  const why = fromPipe
    ? 'from standard input they cannot be carried. Give the input as a file to keep them.'
    : drops
      ? 'in real time, where frames may be dropped, they cannot be carried. Leave --realtime out to keep them.'
      : undefined;
  // x264 writes what a frame states about its packing; no other encoder of ffmpeg's does.
  const writes = {
    captions: why === undefined && hasCaptions && (await hasOption(binary, encoder, CAPTION_OPTION)),
    stereo: why === undefined && /^libx264/.test(encoder),
  };
  const unwritten = `the encoder ${encoder} does not write them. Choose one that does, such as libx264, to keep them.`;
  const warnings = [
    ...(hasCaptions && !writes.captions ? [`The source has closed captions, which are lost: ${why ?? unwritten}`] : []),
    ...(statesStereo && !writes.stereo ? [`The source's frames hold two views for stereo, and the words that say how are lost: ${why ?? unwritten}`] : []),
  ];
  if (!(hasCaptions && writes.captions) && !(statesStereo && writes.stereo)) return { warnings };
  const cut = planCut(source, range);
  // Raw streams have no times: their frames are counted, after the cut.
  const counted = source.hasTimestamps ? [] : ['setpts=N'];
  // ffmpeg 7.1 forgets the frame rate over setpts, so that the last frame would last no time.
  const { num, den } = source.info.frameRate;
  const lasting = source.hasTimestamps ? [] : ['-bsf:v:0', `setts=pts=PTS:dts=DTS:duration=max(DURATION\\,${den}/${num}/TB)`];
  return {
    sideData: {
      input: { url: probe.input.url, options: [...probe.input.options, ...cut.inputOptions] },
      stream: video.index,
      filters: [...cut.filters, `settb=${timeBase.num}/${timeBase.den}`, ...counted],
      encoderOptions: [...(hasCaptions && writes.captions ? [`-${CAPTION_OPTION}:v:0`, '1'] : []), ...lasting],
    },
    warnings,
  };
}

/** True where the container says the packing, too: see `planViewMarks`. */
function isMarked({ side_data_list = [] }: ProbedStream): boolean {
  return side_data_list.some(({ side_data_type }) => STEREO.test(side_data_type ?? ''));
}

async function hasOption(binary: FfmpegBinary, encoder: string, option: string): Promise<boolean> {
  return new RegExp(`^ +-${option} `, 'm').test(await encoderHelp(binary, encoder));
}
