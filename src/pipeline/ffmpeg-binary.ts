import { messageOf, SrvidError } from '../errors.js';
import { runTool } from './tied-process.js';

/** 5.1 brought -fps_mode, without which timestamps cannot be passed through. */
const OLDEST_VERSION = [5, 1] as const;

/** The ffmpeg that this run uses. */
export interface FfmpegBinary {
  readonly ffmpeg: string;
  readonly ffprobe: string;
  /** First line of `ffmpeg -version`, which also names the build. */
  readonly banner: string;
  readonly version: string;
}

/**
 * Finds ffmpeg and ffprobe: FFMPEG_PATH and FFPROBE_PATH, else the PATH.
 * @throws SRVID_FFMPEG_MISSING, SRVID_FFMPEG_TOO_OLD
 */
export async function findFfmpeg(env: NodeJS.ProcessEnv = process.env): Promise<FfmpegBinary> {
  const ffmpeg = env['FFMPEG_PATH'] || 'ffmpeg';
  const ffprobe = env['FFPROBE_PATH'] || 'ffprobe';
  const [banner] = await Promise.all([firstLine(ffmpeg, 'ffmpeg', 'FFMPEG_PATH'), firstLine(ffprobe, 'ffprobe', 'FFPROBE_PATH')]);
  const version = /version\s+n?(\S+)/.exec(banner)?.[1] ?? 'unknown';
  assertVersion(version, ffmpeg);
  return { ffmpeg, ffprobe, banner, version };
}

/** Names of the video encoders this ffmpeg was built with. */
export async function videoEncoders(binary: FfmpegBinary): Promise<ReadonlySet<string>> {
  const { stdout } = await runTool(binary.ffmpeg, ['-hide_banner', '-encoders'], { maxBuffer: 1 << 22 });
  return new Set([...stdout.matchAll(/^ V[A-Z.]{5} (\w\S*)/gm)].map((match) => match[1] as string));
}

/** Names of the video and picture codecs this ffmpeg can read. */
export async function decodableVideo(binary: FfmpegBinary): Promise<ReadonlySet<string>> {
  const { stdout } = await runTool(binary.ffmpeg, ['-hide_banner', '-codecs'], { maxBuffer: 1 << 22 });
  return new Set([...stdout.matchAll(/^ D[A-Z.]V[A-Z.]{3} (\w\S*)/gm)].map((match) => match[1] as string));
}

async function firstLine(path: string, name: string, variable: string): Promise<string> {
  try {
    const { stdout } = await runTool(path, ['-version'], { timeout: 10_000 });
    return stdout.split('\n', 1)[0] ?? '';
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

function assertVersion(version: string, path: string): void {
  const numbers = /^(\d+)\.(\d+)/.exec(version);
  if (!numbers) return; // Builds from git carry no release number; the start-up self-test judges them.
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  if (major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1])) return;
  throw new SrvidError(
    'SRVID_FFMPEG_TOO_OLD',
    `Found ffmpeg ${version} at "${path}", but srvid needs ${OLDEST_VERSION.join('.')} or newer. Install a newer one, or set FFMPEG_PATH to one.`,
    { path, version },
  );
}
