import { messageOf, SrvidError } from '../../errors.js';
import { answerOf } from './build-answers.js';
import { assertNewEnough, versionIn } from './version.js';

/** The ffmpeg of this run. `ffmpeg` and `ffprobe` are paths, or names to be found on the PATH. */
export interface FfmpegBinary {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** First line of `ffmpeg -version`, which also names the build. */
  readonly banner: string;
  readonly version: string;
  /** True where its filters can say where chroma samples sit (8.0 can, 7.0 cannot). Encoders of 7.1 to 8 take that from the frames alone, as they take all colours. */
  readonly setsChromaLocation: boolean;
}

/**
 * Finds ffmpeg and ffprobe: by FFMPEG_PATH and FFPROBE_PATH, else on the PATH.
 * @throws SRVID_FFMPEG_MISSING, SRVID_FFMPEG_TOO_OLD
 */
export async function findFfmpeg(env: NodeJS.ProcessEnv = process.env): Promise<FfmpegBinary> {
  const ffmpeg = env['FFMPEG_PATH'] || 'ffmpeg';
  const ffprobe = env['FFPROBE_PATH'] || 'ffprobe';
  const programs = [
    { name: 'ffmpeg', path: ffmpeg, variable: 'FFMPEG_PATH' },
    { name: 'ffprobe', path: ffprobe, variable: 'FFPROBE_PATH' },
  ] as const;
  const [printed, setsChromaLocation] = await Promise.all([Promise.all(programs.map(versionPrinted)), hasFilterOption(ffmpeg, 'setparams', 'chroma_location')]);
  for (const [index, program] of programs.entries()) assertNewEnough(printed[index] as string, program);
  const banner = printed[0]?.split('\n', 1)[0] ?? '';
  return { ffmpeg, ffprobe, banner, version: versionIn(banner), setsChromaLocation };
}

/** The version of its ffprobe, which may be of another build. */
export async function ffprobeVersion(binary: FfmpegBinary): Promise<string> {
  return versionIn(await answerOf(binary.ffprobe, ['-version']));
}

/** Names of the video encoders in this build of ffmpeg. */
export async function videoEncoders(binary: FfmpegBinary): Promise<ReadonlySet<string>> {
  const said = await answerOf(binary.ffmpeg, ['-hide_banner', '-encoders']);
  return new Set([...said.matchAll(/^ V[A-Z.]{5} (\w\S*)/gm)].map((match) => match[1] as string));
}

/** The codec that an encoder writes, by ffmpeg's name: "h264" for libx264. */
export async function codecOf(binary: FfmpegBinary, encoder: string): Promise<string> {
  const said = await answerOf(binary.ffmpeg, ['-hide_banner', '-encoders']);
  const line = said.split('\n').find((text) => text.split(/\s+/)[2] === encoder) ?? '';
  return /\(codec (\S+)\)$/.exec(line.trim())?.[1] ?? encoder;
}

/** Names of the video and picture codecs that this build of ffmpeg decodes. */
export async function decodableVideo(binary: FfmpegBinary): Promise<ReadonlySet<string>> {
  const said = await answerOf(binary.ffmpeg, ['-hide_banner', '-codecs']);
  return new Set([...said.matchAll(/^ D[A-Z.]V[A-Z.]{3} (\w\S*)/gm)].map((match) => match[1] as string));
}

/** The words of this build of ffmpeg about a video encoder: what it can, its pixel formats, its options. */
export function encoderHelp(binary: FfmpegBinary, encoder: string): Promise<string> {
  return answerOf(binary.ffmpeg, ['-hide_banner', '-h', `encoder=${encoder}`]);
}

/** Asks ffmpeg for an option of a filter. False, too, where the program cannot be run, which `versionPrinted` reports. */
async function hasFilterOption(ffmpeg: string, filter: string, option: string): Promise<boolean> {
  const said = await answerOf(ffmpeg, ['-hide_banner', '-h', `filter=${filter}`]).catch(() => '');
  return new RegExp(`^ +${option} `, 'm').test(said);
}

/** The output of `-version`: a first line that names the build, then the libraries. */
async function versionPrinted({ name, path, variable }: { readonly name: string; readonly path: string; readonly variable: string }): Promise<string> {
  try {
    return await answerOf(path, ['-version']);
  } catch (error) {
    throw new SrvidError(
      'SRVID_FFMPEG_MISSING',
      `Looked for ${name} as "${path}" and could not run it (${messageOf(error).split('\n', 1)[0]}). Install ffmpeg 5.1 or newer ` +
        `(Debian, Ubuntu: sudo apt install ffmpeg; macOS: brew install ffmpeg), or set ${variable} to its place.`,
      { path },
      error,
    );
  }
}
