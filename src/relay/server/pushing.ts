import { Readable } from 'node:stream';
import type { RelayLimits } from '../../options/limits.js';
import type { RelayStream } from '../stream/stream.js';
import type { Connection } from './connection.js';
import { closeReason, errorMessage } from './viewing.js';

/** A connection that pushes a stream. */
export interface Pushing {
  readonly connection: Connection;
  readonly stream: RelayStream;
  readonly limits: Pick<RelayLimits, 'maxIngestBytes'>;
  readonly onClose: () => void;
}

/**
 * Passes the connection's binary messages to the stream as one run of bytes. If the stream reads more slowly, the
 * connection is paused. At most `maxIngestBytes` and one message are buffered.
 */
export function servePusher({ connection, stream, limits, onClose }: Pushing): void {
  const bytes = new Readable({ highWaterMark: limits.maxIngestBytes, read: () => connection.resume() });
  let failed = false;
  const fail = (error: unknown) => {
    if (failed) return;
    failed = true;
    connection.send(JSON.stringify(errorMessage(error)));
    connection.close(1008, closeReason(error));
    bytes.destroy();
  };
  bytes.on('error', fail);
  connection.listen({
    onMessage(data, isBinary) {
      if (!isBinary) return connection.close(1008, 'a pushed stream is sent in binary');
      if (!bytes.destroyed && !bytes.push(data)) connection.pause();
    },
    onClose() {
      if (!bytes.destroyed) bytes.push(null);
      onClose();
    },
  });
  const taken = stream.ingest(bytes).then(() => connection.send(JSON.stringify({ type: 'ready' })), fail);
  // A stream that stops reading at once may be about to report why, so wait for that.
  bytes.once('close', () => taken.then(() => connection.close(1000, 'the relay takes no more')));
}
