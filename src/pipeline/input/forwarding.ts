import type { ForwardedPacket } from './decode.js';

/**
 * Passes packets on without making the reader wait for the encoder, as long as no more than `limitBytes` are on their
 * way. A failure is thrown at the next packet. Packets stay in order, because writes are queued in the order of the
 * calls.
 */
export function holding(forward: (packet: ForwardedPacket) => Promise<void>, limitBytes: number): (packet: ForwardedPacket) => Promise<void> {
  let held = 0;
  let failure: { readonly error: unknown } | undefined;
  return async (packet) => {
    if (failure) throw failure.error;
    held += packet.data.length;
    const done = forward(packet).then(
      () => {
        held -= packet.data.length;
      },
      (error: unknown) => {
        failure = { error };
      },
    );
    if (held > limitBytes) await done;
  };
}
