import type { IncomingMessage } from 'node:http';
import type { RenditionName } from '../delivery/rendition.js';
import { STREAM_NAME } from '../stream/stream.js';
import { RENDITIONS } from './report.js';

/** The target of a WebSocket request. */
export type SocketRoute =
  | { readonly kind: 'live' | 'go2rtc'; readonly name: string; readonly rendition: RenditionName }
  | { readonly kind: 'ingest'; readonly name: string };

/** The request's URL, or undefined if it is invalid. Its host is a placeholder; only path and query count. */
export function urlOf({ url = '' }: IncomingMessage): URL | undefined {
  return url.startsWith('/') && URL.canParse(`http://relay${url}`) ? new URL(`http://relay${url}`) : undefined;
}

/** True for a path at which WebSockets are accepted, whatever its stream. */
export function isSocketPath({ pathname }: URL): boolean {
  return /^\/(?:live|ingest)\/|^\/api\/ws$/.test(pathname);
}

/** Parses /live/NAME, /api/ws?src=NAME and /ingest/NAME. Undefined for any other path. */
export function socketRoute({ pathname, searchParams }: URL): SocketRoute | undefined {
  if (pathname === '/api/ws') return named('go2rtc', searchParams.get('src') ?? '', 'sr');
  const [, folder, name = '', ...rest] = pathname.split('/');
  if (rest.length > 0 || !STREAM_NAME.test(name)) return undefined;
  if (folder === 'ingest') return { kind: 'ingest', name };
  const rendition = searchParams.get('rendition') ?? 'sr';
  return folder === 'live' && isRendition(rendition) ? named('live', name, rendition) : undefined;
}

function isRendition(text: string): text is RenditionName {
  return (RENDITIONS as readonly string[]).includes(text);
}

function named(kind: 'live' | 'go2rtc', name: string, rendition: RenditionName): SocketRoute | undefined {
  return STREAM_NAME.test(name) ? { kind, name, rendition } : undefined;
}
