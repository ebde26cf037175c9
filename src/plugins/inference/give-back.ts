import { MessageChannel } from 'node:worker_threads';

/** A port that leads nowhere: what is transferred through it is let go of there and then. */
const { port1: nowhere, port2: otherEnd } = new MessageChannel();
otherEnd.close();
nowhere.unref();

/**
 * Gives a buffer's memory back at once, not when the garbage collector finds it; afterwards the buffer is empty.
 * Megabytes for every frame make V8 collect again and again, which costs more than what is done with them.
 */
export function giveBack(buffer: ArrayBuffer): void {
  nowhere.postMessage(undefined, [buffer]);
}
