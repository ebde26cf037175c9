import type { ErrorMessage, GapMessage, HelloMessage, StateMessage, StatsMessage } from './messages.js';
import type { Refused } from './refusal.js';
import type { Fragment, InitSegment } from './segments.js';

/** The end of a connection. */
export interface CloseEvent {
  /** The WebSocket close code. docs/relay.md lists the relay's. 1006 if there was none. */
  readonly code: number;
  readonly reason: string;
  /** Milliseconds until the next try. Undefined if there is none. */
  readonly retryInMs: number | undefined;
  /** The relay's answer, if it refused the connection and said why. */
  readonly refusal?: Refused | undefined;
}

/** The events of a client, and the value that the listeners of each get. */
export interface RelayClientEvents {
  readonly hello: HelloMessage;
  readonly init: InitSegment;
  readonly fragment: Fragment;
  readonly stats: StatsMessage;
  readonly gap: GapMessage;
  readonly state: StateMessage;
  readonly error: ErrorMessage;
  readonly close: CloseEvent;
}
