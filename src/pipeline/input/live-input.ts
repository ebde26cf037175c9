import { basename, resolve } from 'node:path';
import { SrvidError } from '../../errors.js';
import { fileInput, type InputLimits, NO_REFERENCES, pipeInput } from '../ffmpeg/input-file.js';

/** A live source as ffmpeg opens it. */
export interface LiveInput {
  /** The source's name in messages, logs and statistics: without user, password, path and query of a URL, and without a file's folder. */
  readonly shown: string;
  /** The absolute path of a file, which is read at the pace of its frames' times. Undefined for any other source. */
  readonly file?: string | undefined;
  /** Options before ffmpeg's `-i`. */
  readonly options: readonly string[];
  /** The URL for ffmpeg's `-i`; "pipe:0" where the bytes come from srvid. */
  readonly url: string;
  /**
   * Origin of the bytes: ffmpeg opens the source, or they come from standard input or from a client that pushes them.
   */
  readonly from: 'ffmpeg' | 'standard input' | 'push';
  /** The most pixels that a frame may have. */
  readonly maxPixels: number;
  /** The source ends once it has been read, and does not come back. */
  readonly finite: boolean;
}

/** Options of a live source, none of which its URL can hold. */
export interface LiveInputOptions {
  /** Begins a file anew when it ends. */
  readonly loop: boolean;
  /** ffmpeg's demuxer, where it cannot be recognised from the bytes. */
  readonly format?: string | undefined;
  /** Lets a file name others to open. False where not given. */
  readonly references?: boolean;
  /** The most pixels that a frame may have. */
  readonly maxPixels?: number;
}

/** Microseconds without data after which a network source counts as gone. */
const SILENCE_US = '10000000';
const TLS = ['tls', 'tcp', 'crypto'];

/**
 * Protocols that a user may name, the protocols that ffmpeg may open for each, and options that limit a silent source's
 * time.
 */
const PROTOCOLS: Readonly<Record<string, { readonly opens: readonly string[]; readonly options?: readonly string[] }>> = {
  rtsp: { opens: ['rtp', 'udp', 'tcp'], options: ['-rtsp_transport', 'tcp', '-timeout', SILENCE_US] },
  rtsps: { opens: ['rtsp', 'rtp', 'udp', ...TLS], options: ['-rtsp_transport', 'tcp', '-timeout', SILENCE_US] },
  rtmp: { opens: ['tcp'], options: ['-rw_timeout', SILENCE_US] },
  rtmps: { opens: ['rtmp', ...TLS], options: ['-rw_timeout', SILENCE_US] },
  srt: { opens: ['udp'] },
  http: { opens: ['https', ...TLS], options: ['-rw_timeout', SILENCE_US] },
  https: { opens: ['http', ...TLS], options: ['-rw_timeout', SILENCE_US] },
  udp: { opens: [] },
  rtp: { opens: ['udp'] },
  tcp: { opens: [] },
};

/** Capture devices, by ffmpeg's demuxer for them. */
const DEVICES = ['v4l2', 'avfoundation', 'dshow', 'x11grab', 'gdigrab'];

/**
 * Parses a user's name for a live source: a URL, "v4l2:/dev/video0", "-", "push", or a file, which is paced at its own
 * rate.
 * @throws SRVID_OPTION_INVALID for a protocol that is not allowed
 */
export function parseLiveInput(text: string, { loop, format, references = false, maxPixels = NO_REFERENCES.maxPixels }: LiveInputOptions): LiveInput {
  const pushed = pipeInput(maxPixels);
  const forced = format ? ['-f', format] : [];
  if (text === '-')
    return { shown: 'standard input', options: [...pushed.options, ...forced], url: pushed.url, from: 'standard input', maxPixels, finite: true };
  if (text === 'push') return { shown: 'a pushed stream', options: [...pushed.options, ...forced], url: pushed.url, from: 'push', maxPixels, finite: true };
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && DEVICES.includes(scheme)) {
    const name = text.slice(scheme.length + 1);
    return { shown: `${scheme}:${name}`, options: ['-f', scheme, ...forced.slice(2)], url: name, from: 'ffmpeg', maxPixels, finite: false };
  }
  if (scheme === undefined || (!text.slice(scheme.length).startsWith('://') && !Object.hasOwn(PROTOCOLS, scheme)))
    return pacedFile(text, loop, forced, { references, maxPixels });
  const protocol = Object.hasOwn(PROTOCOLS, scheme) ? PROTOCOLS[scheme] : undefined;
  if (!protocol) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `The relay cannot read ${scheme}: sources. It reads ${Object.keys(PROTOCOLS).join(', ')}; ${DEVICES.join(', ')} for capture devices; files; - for standard input; push for what clients send.`,
      { protocol: scheme },
    );
  }
  if (!isAddress(text))
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `The address of a ${scheme}: source is not of the form ${scheme}://HOST:PORT/... In a user name or password write / as %2F, ? as %3F, # as %23, @ as %40. (It is not shown here, as it may hold a password.)`,
      { protocol: scheme },
    );
  const allowed = ['-protocol_whitelist', [scheme, ...protocol.opens].join(',')];
  return { shown: shownUrl(text), options: [...allowed, ...(protocol.options ?? []), ...forced], url: text, from: 'ffmpeg', maxPixels, finite: false };
}

function pacedFile(path: string, loop: boolean, forced: readonly string[], limits: InputLimits): LiveInput {
  const absolute = resolve(path);
  const { url, options } = fileInput(absolute, limits);
  return {
    shown: holdsPassword(path) ? 'a file' : basename(absolute),
    file: absolute,
    options: [...options, ...(loop ? ['-stream_loop', '-1'] : []), ...forced],
    url,
    from: 'ffmpeg',
    maxPixels: limits.maxPixels,
    finite: !loop,
  };
}

/** Scheme, user and password, host and port, and what follows. */
const ADDRESS = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?((?:\[[0-9a-f:.%]+\]|[^/?#@:\s[\]]*)(?::\d{1,5})?)(?=[/?#]|$)(.*)$/is;

function isAddress(url: string): boolean {
  return ADDRESS.test(url);
}

/** True for a name of the form user:password@host, such as of a mistyped address that is taken for a file. */
function holdsPassword(name: string): boolean {
  return /:[^@]*@/.test(name);
}

/**
 * A URL reduced to scheme and host, since stream keys stand in paths (RTMP) and pass phrases in queries (SRT). Where an @
 * follows later, a password may hold what looks like the end of the host, so then only the scheme is shown.
 */
export function shownUrl(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*(?=:)/i.exec(url)?.[0];
  if (scheme === undefined) return 'a URL';
  const [, , , host, rest = ''] = ADDRESS.exec(url) ?? [];
  if (host === undefined || rest.includes('@')) return `${scheme}://...`;
  return `${scheme}://${host}${rest === '' ? '' : '/...'}`;
}

/** A line of ffmpeg's log with all URLs reduced by `shownUrl`, at most 500 characters. */
export function scrubbed(line: string, { url, shown }: Pick<LiveInput, 'url' | 'shown'>): string {
  const reduced = line.replaceAll(url, shown).replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s'"]*/gi, shownUrl);
  return secretsOf(url)
    .reduce((text, secret) => text.replaceAll(secret, '...'), reduced)
    .slice(0, 500);
}

/** The pieces of a URL that ffmpeg may print alone and nobody may see: user and password, or all of one that can be read in two ways. */
function secretsOf(url: string): string[] {
  const [, , user = '', , rest = ''] = ADDRESS.exec(url) ?? [];
  const secret = rest.includes('@') ? url.slice(url.indexOf('://') + 3) : user;
  const pieces = secret.split(/[/:@?#&=\s]+/).filter((piece) => piece.length > 1);
  return pieces.sort((a, b) => b.length - a.length);
}
