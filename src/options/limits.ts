/**
 * The bounds of a relay. Bytes and counts are limits; a client that exceeds one is refused or closed, never waited for.
 */
export const RELAY_DEFAULTS = {
  /** The longest fragment that is taken from an encoder. */
  maxFragmentBytes: 64 << 20,
  /** Bytes kept for late joiners since the last keyframe; a longer group of pictures is not kept at all. */
  maxBacklogBytes: 3 << 20,
  /** Bytes that may wait for one viewer: four seconds at 8 Mbit/s. More than the backlog, so that nobody joins with a gap. */
  maxViewerBytes: 4 << 20,
  /** A viewer that takes nothing at all, and one that gets no keyframe through, are closed after so long. */
  stuckMs: 10_000,
  behindMs: 30_000,
  maxViewers: 100,
  /** Viewers of one address, so that it cannot take the places of all others. */
  maxViewersPerAddress: 50,
  /** Connections that are not (yet) viewers or pushers: pages, scrapers, handshakes. */
  maxOtherConnections: 200,
  maxOtherPerAddress: 50,
  /** Requests of one address: so many at once, then so many a second. A page takes a dozen. */
  attemptBurst: 200,
  attemptsPerSecond: 10,
  maxMessageBytes: 64 << 10,
  messagesPerSecond: 20,
  maxIngestMessageBytes: 4 << 20,
  /** Bytes of a pusher's stream that were not read yet; beyond them the socket is not read. */
  maxIngestBytes: 1 << 20,
  /** Until a request's headers must be there, and until a client of go2rtc's has said what it plays. */
  handshakeMs: 10_000,
  pingMs: 15_000,
  /** Without a sign of life for so long a connection is ended. */
  silentMs: 30_000,
  /** Until a connection that was asked to close is ended. */
  closeMs: 3_000,
} as const satisfies Readonly<Record<string, number>>;

/** The bounds of a relay, each of which its operator may set. */
export type RelayLimits = { readonly [name in keyof typeof RELAY_DEFAULTS]: number };
