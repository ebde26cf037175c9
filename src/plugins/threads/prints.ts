import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { placeNow } from './place.js';

/** Marks a thread's streams as caught, for several copies of this module in one process as well. */
const CAUGHT = Symbol.for('srvid.prints');
const STANDARD = [1, 2];

/**
 * Takes what plugins write to standard output and standard error, in any way that Node has: the video or JSON lines may go
 * there. Once for each thread; further calls do nothing.
 * @param everything all that the thread writes, and not only what the code of a plugin writes
 */
export function catchPrints(onPrint: (text: string) => void, everything: boolean): void {
  if (Object.hasOwn(process.stdout, CAUGHT)) return;
  Object.defineProperty(process.stdout, CAUGHT, { value: true });
  const theirs = () => everything || placeNow() !== undefined;
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = (...args: unknown[]) => {
      if (!theirs()) return write(...args);
      onPrint(textOf(args[0], args[1]));
      doneOf(args)?.();
      return true;
    };
  }
  const { writeSync, write } = fs;
  fs.writeSync = ((file: number, data: unknown, ...rest: unknown[]) => {
    if (!STANDARD.includes(file) || !theirs()) return (writeSync as (...args: unknown[]) => number)(file, data, ...rest);
    const text = textOf(data, rest[1]);
    onPrint(text);
    return Buffer.byteLength(text);
  }) as typeof fs.writeSync;
  fs.write = ((file: number, data: unknown, ...rest: unknown[]) => {
    if (!STANDARD.includes(file) || !theirs()) return (write as (...args: unknown[]) => void)(file, data, ...rest);
    const text = textOf(data, rest[1]);
    onPrint(text);
    doneOf(rest)?.(null, Buffer.byteLength(text), data);
  }) as typeof fs.write;
  syncBuiltinESMExports();
}

function textOf(data: unknown, encoding: unknown): string {
  if (typeof data === 'string') return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? Buffer.from(data, encoding).toString() : data;
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString() : String(data);
}

/** The callback among the arguments of a write. */
function doneOf(args: readonly unknown[]): ((...results: unknown[]) => void) | undefined {
  const done = args.find((arg) => typeof arg === 'function') as ((...results: unknown[]) => void) | undefined;
  return done && ((...results) => process.nextTick(done, ...results));
}
