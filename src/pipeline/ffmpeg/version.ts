import { SrvidError } from '../../errors.js';

/**
 * Versions that srvid is tested with, oldest first. Others from the oldest on are accepted; `srvid doctor` tries
 * srvid's commands on them.
 */
export const TESTED_VERSIONS = ['5.1', '6.0', '7.0', '7.1', '8.0', '9.0'] as const;

/** 5.1 brought -fps_mode, without which timestamps cannot be passed through. */
const OLDEST_VERSION = [5, 1] as const;
/** libavutil of that version: a build from git may have no version but this. */
const OLDEST_LIBAVUTIL = [57, 28] as const;

type Numbers = readonly [major: number, minor: number];

/**
 * The version in the output of `-version`: "5.1.9-0+deb12u1"; "9.0.2-17-g2a571b6" some commits after a release;
 * "N-118315-g4f3c9f2" without any release.
 */
export function versionIn(printed: string): string {
  return /version\s+n?(\S+)/.exec(printed)?.[1] ?? 'unknown';
}

/** True for a version whose first two numbers are those of a release that srvid is tested with. */
export function isTested(version: string): boolean {
  const release = numbersIn(/^(\d+)\.(\d+)/, version)?.join('.');
  return TESTED_VERSIONS.some((tested) => tested === release);
}

/**
 * Refuses an ffmpeg or ffprobe that is too old, judged by its output of `-version`. A program that prints neither its
 * version nor its libraries' is accepted.
 * @throws SRVID_FFMPEG_TOO_OLD
 */
export function assertNewEnough(printed: string, { name, path, variable }: { readonly name: string; readonly path: string; readonly variable: string }): void {
  const version = versionIn(printed);
  const release = numbersIn(/^(\d+)\.(\d+)/, version);
  const library = numbersIn(/^libavutil\s+(\d+)\.\s*(\d+)/m, printed);
  const isOld = release ? isBefore(release, OLDEST_VERSION) : library !== undefined && isBefore(library, OLDEST_LIBAVUTIL);
  if (!isOld) return;
  const oldest = OLDEST_VERSION.join('.');
  const told = release || !library ? '' : ` (libavutil ${library.join('.')}; ${oldest} has ${OLDEST_LIBAVUTIL.join('.')})`;
  throw new SrvidError(
    'SRVID_FFMPEG_TOO_OLD',
    `Found ${name} ${version}${told} at "${path}", but srvid needs ${oldest} or newer. Install a newer one, or set ${variable} to one.`,
    { path, version },
  );
}

function numbersIn(pattern: RegExp, text: string): Numbers | undefined {
  const found = pattern.exec(text);
  return found ? [Number(found[1]), Number(found[2])] : undefined;
}

function isBefore([major, minor]: Numbers, [oldestMajor, oldestMinor]: Numbers): boolean {
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
