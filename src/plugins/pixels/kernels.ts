import { readFileSync } from 'node:fs';
import { alignedUp } from './padding.js';

/** The memory of WebAssembly kernels, and whatever functions they export. */
export interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
}

/** Node's types leave it out, since it belongs to the browser's types. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const PAGE_BYTES = 1 << 16;
/** First byte for the kernels' buffers. WebAssembly's own data, of which these kernels have none, would begin at 0. */
const START = 1024;
/** The kernels read and write in whole vectors. */
export const VECTOR_BYTES = 16;

/** Lays out the buffers of kernels in one memory, in the order in which they are taken. */
export class KernelLayout {
  #end = START;

  /** Offset of a new buffer, on a whole vector, with a vector to spare behind it. */
  take(bytes: number): number {
    const at = this.#end;
    this.#end += alignedUp(bytes, VECTOR_BYTES) + VECTOR_BYTES;
    return at;
  }

  /** Bytes of all buffers so far. */
  get end(): number {
    return this.#end;
  }
}

/** Makes an instance of kernels whose memory has at least so many bytes. Its memory never grows later, so that views on it last. */
export function openKernels<Exports extends Kernels>(file: URL, bytes: number): Exports {
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file))).exports as Exports;
  const missing = Math.ceil(bytes / PAGE_BYTES) - kernels.memory.buffer.byteLength / PAGE_BYTES;
  if (missing > 0) kernels.memory.grow(missing);
  return kernels;
}
