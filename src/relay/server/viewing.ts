import { messageOf, SrvidError } from '../../errors.js';
import type { RelayLimits } from '../../options/limits.js';
import type { Clock } from '../../pipeline/frames/clock.js';
import { type Dialect, GO2RTC_DIALECT, srvidDialect } from '../delivery/dialect.js';
import { type ClientMessage, parseClientMessage, parseGo2rtcMessage, type ServerMessage } from '../delivery/protocol.js';
import type { Rendition } from '../delivery/rendition.js';
import { Viewer } from '../delivery/viewer.js';
import { wallClockMs } from '../source/wall-clock.js';
import type { RelayStream } from '../stream/stream.js';
import type { Connection } from './connection.js';

/** A connection that watches one rendition of a stream. */
export interface Viewing {
  readonly connection: Connection;
  readonly stream: RelayStream;
  readonly rendition: Rendition;
  readonly maySet: boolean;
  readonly limits: RelayLimits;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes a viewer's place. Returns false if there is none. */
  readonly enter: () => boolean;
  readonly onClose: () => void;
}

/** Sends a rendition in the relay's own protocol until the connection closes. @returns a function to call once a second */
export function serveViewer(viewing: Viewing): () => void {
  const { connection, maySet, onClose } = viewing;
  const { viewer, leave } = watch(viewing, srvidDialect({ maySet }));
  connection.listen({
    onMessage: policed(viewing, (text) => answer(parseClientMessage(text), viewing, (message) => viewer.say(message))),
    onClose() {
      leave();
      onClose();
    },
  });
  return () => viewer.check();
}

/**
 * Sends a rendition in go2rtc's protocol. Nothing is sent before the client has named its codecs, and it is no viewer
 * until then: it is closed if it takes longer than a handshake may.
 * @returns a function to call once a second
 */
export function serveGo2rtcViewer(viewing: Viewing): () => void {
  const { connection, limits, clock, enter, onClose } = viewing;
  const since = clock.now();
  let watching: ReturnType<typeof watch> | undefined;
  connection.listen({
    onMessage: policed(viewing, (text) => {
      const { type } = parseGo2rtcMessage(text);
      if (type === 'mse' && !watching && !enter()) connection.close(1013, 'there are as many viewers as are allowed');
      else if (type === 'mse') watching ??= watch(viewing, GO2RTC_DIALECT);
      else connection.send(JSON.stringify({ type: 'error', value: `${type}: this relay offers mse alone` }));
    }),
    onClose() {
      watching?.leave();
      onClose();
    },
  });
  return () => {
    if (watching) watching.viewer.check();
    else if (clock.now() - since >= limits.handshakeMs) connection.close(1008, 'no mse message came in time');
  };
}

function watch({ connection, stream, rendition, limits, clock }: Viewing, dialect: Dialect): { readonly viewer: Viewer; readonly leave: () => void } {
  const viewer = new Viewer({ sink: connection, dialect, clock, delivery: rendition.delivery, limits });
  const unsubscribe = rendition.subscribe(viewer);
  const unwatch = stream.watch();
  return {
    viewer,
    leave() {
      unsubscribe();
      unwatch();
    },
  };
}

/** Wraps a message handler. It closes the connection if a message is binary, comes too often, or is not of the protocol. */
function policed({ connection }: Viewing, take: (text: string) => void): (data: Buffer, isBinary: boolean) => void {
  return (data, isBinary) => {
    if (!connection.takesMessage()) return;
    if (isBinary) return connection.close(1008, 'viewers say nothing in binary');
    try {
      take(data.toString());
    } catch (error) {
      if (!(error instanceof SrvidError)) throw error;
      connection.close(1008, closeReason(error));
    }
  };
}

function answer(message: ClientMessage, viewing: Viewing, say: (message: ServerMessage) => void): void {
  if (message.type === 'ping') say({ type: 'pong', t: message.t, at: wallClockMs() });
  else change(message, viewing).catch((error: unknown) => say(errorMessage(error)));
}

async function change({ preset, level }: Extract<ClientMessage, { type: 'set' }>, { stream, maySet }: Viewing): Promise<void> {
  if (!maySet) throw new SrvidError('SRVID_NOT_PERMITTED', 'Tried to switch preset or level, but this connection has no token that may write.');
  await stream.set({ preset, level });
}

/** The `error` message for a failure. It never contains a stack or a cause. */
export function errorMessage(error: unknown): ServerMessage {
  const { code, message } = error instanceof SrvidError ? error : { code: 'SRVID_INTERNAL', message: `srvid failed: ${messageOf(error)}` };
  return { type: 'error', code, message };
}

/** Shortens an error's message to the 123 bytes that fit into a close frame (RFC 6455 §5.5.1). */
export function closeReason(error: unknown): string {
  const bytes = Buffer.from(messageOf(error));
  return bytes.length <= 123
    ? bytes.toString()
    : bytes
        .subarray(0, 120)
        .toString()
        .replace(/\uFFFD$/, '');
}
