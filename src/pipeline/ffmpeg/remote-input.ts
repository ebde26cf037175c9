import type { CommandInput } from './command.js';
import { LONE_FILE_DEMUXERS } from './demuxers.js';

/** Microseconds without data after which a server counts as gone. */
const SILENCE_US = '30000000';

/** True for an address that is read over HTTP. */
export function isRemote(input: string): boolean {
  return /^https?:\/\//i.test(input);
}

/**
 * The input of an ffmpeg command that reads a video over HTTP, going to and fro in it as in a file. What it names is not
 * opened, and no local file in any case: the playlist of a stranger could name one.
 */
export function remoteInput(url: string, references: boolean, maxPixels: number): CommandInput {
  const formats = references ? [] : ['-format_whitelist', LONE_FILE_DEMUXERS];
  return { url, options: ['-protocol_whitelist', 'http,https,tls,tcp,crypto', ...formats, '-rw_timeout', SILENCE_US, '-max_pixels', String(maxPixels)] };
}

/** A text without the user names, passwords and queries of the addresses in it. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/'"]*@)?([^\s?'"]*)(?:\?[^\s'"]*)?/gi, (whole, scheme: string, rest: string) =>
    /^file:/i.test(scheme) ? whole : `${scheme}${rest}`,
  );
}
