import { resolve } from 'node:path';
import { SrvidError } from '../../errors.js';
import { fileInput, type InputLimits, NO_REFERENCES, pipeInput } from '../ffmpeg/input-file.js';

/** A live source as ffmpeg opens it. */
export interface LiveInput {
  /** The source's name in messages, logs and statistics: without user, password, path and query of a URL. */
  readonly shown: string;
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
  if (scheme === undefined || !text.slice(scheme.length).startsWith('://')) return pacedFile(text, loop, forced, { references, maxPixels });
  const protocol = Object.hasOwn(PROTOCOLS, scheme) ? PROTOCOLS[scheme] : undefined;
  if (!protocol) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `The relay cannot read ${scheme}: sources. It reads ${Object.keys(PROTOCOLS).join(', ')}; ${DEVICES.join(', ')} for capture devices; files; - for standard input; push for what clients send.`,
      { protocol: scheme },
    );
  }
  const allowed = ['-protocol_whitelist', [scheme, ...protocol.opens].join(',')];
  return { shown: shownUrl(text), options: [...allowed, ...(protocol.options ?? []), ...forced], url: text, from: 'ffmpeg', maxPixels, finite: false };
}

function pacedFile(path: string, loop: boolean, forced: readonly string[], limits: InputLimits): LiveInput {
  const absolute = resolve(path);
  const { url, options } = fileInput(absolute, limits);
  return {
    shown: absolute,
    options: [...options, '-re', ...(loop ? ['-stream_loop', '-1'] : []), ...forced],
    url,
    from: 'ffmpeg',
    maxPixels: limits.maxPixels,
    finite: !loop,
  };
}

/** A URL reduced to scheme and host, since stream keys stand in paths (RTMP) and pass phrases in queries (SRT). */
export function shownUrl(url: string): string {
  const parsed = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url);
  if (!parsed) return 'a URL';
  const [whole, scheme, host] = parsed;
  return `${scheme}://${host}${url.length > whole.length ? '/...' : ''}`;
}

/** A line of ffmpeg's log with all URLs reduced by `shownUrl`, at most 500 characters. */
export function scrubbed(line: string, { url, shown }: Pick<LiveInput, 'url' | 'shown'>): string {
  return line
    .replaceAll(url, shown)
    .replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s'"]*/gi, shownUrl)
    .slice(0, 500);
}
