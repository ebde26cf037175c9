import type { Connection } from './connection.js';

/** A connection as /sessions lists it. */
export interface Session {
  readonly id: string;
  readonly kind: 'viewer' | 'pusher';
  readonly protocol: 'srvid' | 'go2rtc';
  readonly stream: string;
  readonly rendition?: string | undefined;
  readonly address: string;
  /** The time at which it was opened, in ISO 8601. */
  readonly since: string;
  /** Bytes of the messages that were sent to it, and of those the ones that it has not taken yet. */
  readonly bytesSent: number;
  readonly bytesWaiting: number;
}

/** Describes a connection to operators, without its token. */
export function sessionOf({ id, info, since, bytesSent, bufferedAmount }: Connection): Session {
  const { kind, protocol, stream, rendition, address } = info;
  return { id, kind, protocol, stream, rendition, address, since: new Date(since).toISOString(), bytesSent, bytesWaiting: bufferedAmount };
}
