import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SetupError } from './command.mjs';
import { findPackageManager, installWith } from './package-manager.mjs';

const run = promisify(execFile);

/** The same as in src/pipeline/ffmpeg/binary.ts, which cannot be imported before the build. */
const OLDEST_VERSION = [5, 1];

/**
 * Makes sure that ffmpeg and ffprobe are here and new enough, and installs them where this user may.
 * FFMPEG_PATH and FFPROBE_PATH name other ones; those are checked and never replaced.
 * @throws SetupError saying what to type.
 */
export async function ensureFfmpeg(say) {
  const before = await ffmpegFault();
  if (!before) return;
  if (process.env.FFMPEG_PATH || process.env.FFPROBE_PATH) throw new SetupError(`${before} FFMPEG_PATH or FFPROBE_PATH is set: correct it, or unset it.`);

  const manager = findPackageManager('ffmpeg');
  if (!manager) throw new SetupError(`${before} Install ffmpeg ${OLDEST_VERSION.join('.')} or newer from https://ffmpeg.org/download.html and run this again.`);
  if (!manager.allowed) throw new SetupError(`${before} Type this, then run this again:\n\n    ${manager.typed}\n`);
  say(`${before} Installing it: ${manager.typed}`);
  installWith(manager);

  const after = await ffmpegFault();
  if (after) throw new SetupError(`${after} That is what this system's packages hold. Install a newer one by hand and set FFMPEG_PATH and FFPROBE_PATH to it.`);
}

/** The fault of the ffmpeg that srvid would use, as a sentence; undefined where nothing is. */
async function ffmpegFault() {
  const ffmpeg = process.env.FFMPEG_PATH || 'ffmpeg';
  const ffprobe = process.env.FFPROBE_PATH || 'ffprobe';
  const faults = await Promise.all([programFault(ffmpeg), programFault(ffprobe)]);
  return faults.find((fault) => fault !== undefined);
}

async function programFault(path) {
  try {
    const { stdout } = await run(path, ['-version'], { timeout: 10_000 });
    return versionFault(stdout.split('\n', 1)[0], path);
  } catch (error) {
    return error.code === 'ENOENT' ? `There is no ${path}.` : `Could not run ${path} (${error.message.split('\n', 1)[0]}).`;
  }
}

/** Reads the first line of `-version`. A build from git carries no release number; srvid's start-up self-test judges that one. */
export function versionFault(banner, path) {
  const numbers = /version\s+n?(\d+)\.(\d+)/.exec(banner);
  if (!numbers) return undefined;
  const [major, minor] = [Number(numbers[1]), Number(numbers[2])];
  if (major > OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor >= OLDEST_VERSION[1])) return undefined;
  return `Found ${path} ${major}.${minor}, but srvid needs ${OLDEST_VERSION.join('.')} or newer.`;
}
