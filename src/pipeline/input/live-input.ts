import { resolve } from 'node:path';
import { SrvidError } from '../../errors.js';
import { fileInput, type InputLimits, NO_REFERENCES, pipeInput } from '../ffmpeg/input-file.js';

/** A live source as ffmpeg opens it. */
export interface LiveInput {
  /** How it may be called in messages, logs and statistics: no user, password, path or query of a URL. */
  readonly shown: string;
  /** Options before ffmpeg's `-i`. */
  readonly options: readonly string[];
  /** What ffmpeg reads; "pipe:0" where the bytes come from srvid. */
  readonly url: string;
  /** Where its bytes come from: ffmpeg itself, srvid's standard input, or a client that pushes them. */
  readonly from: 'ffmpeg' | 'standard input' | 'push';
  /** Pixels of a frame, at most. */
  readonly maxPixels: number;
  /** It ends when it has been read once, and does not come back. */
  readonly finite: boolean;
}

export interface LiveInputOptions {
  /** Begin a file anew when it ends. */
  readonly loop: boolean;
  /** Kind of stream, where its bytes do not say it: a demuxer of ffmpeg's. */
  readonly format?: string | undefined;
  /** Let a file name others to open. */
  readonly references?: boolean;
  /** Pixels of a frame, at most. */
  readonly maxPixels?: number;
}

/** Microseconds without data after which a network source counts as gone. */
const SILENCE_US = '10000000';
const TLS = ['tls', 'tcp', 'crypto'];

/** Protocols that may be asked for; what else ffmpeg may open for each; its options for a source that goes silent. */
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

/** Capture devices, by the demuxer that reads them. */
const DEVICES = ['v4l2', 'avfoundation', 'dshow', 'x11grab', 'gdigrab'];

/**
 * A source by what a user calls it: a URL, "v4l2:/dev/video0", "-", "push", or a file, which is paced at its own rate.
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

/** Only what cannot be a secret: stream keys are in paths (RTMP), pass phrases in queries (SRT). */
export function shownUrl(url: string): string {
  const parsed = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url);
  if (!parsed) return 'a URL';
  const [whole, scheme, host] = parsed;
  return `${scheme}://${host}${url.length > whole.length ? '/...' : ''}`;
}

/** What ffmpeg says, without what may not be shown. */
export function scrubbed(line: string, { url, shown }: Pick<LiveInput, 'url' | 'shown'>): string {
  return line
    .replaceAll(url, shown)
    .replaceAll(/[a-z][a-z0-9+.-]*:\/\/[^\s'"]*/gi, shownUrl)
    .slice(0, 500);
}
