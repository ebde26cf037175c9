import { createRequire } from 'node:module';
import type { WASI } from 'node:wasi';

/** Node has it, but its types leave it to the browser's. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => object };

/**
 * Ends the process with this code though threads are inside native code. Node's own way out waits for each thread, which
 * may take for ever, and then cannot end it. WASI's `proc_exit` is the one call of Node's that goes to the system's `exit`
 * directly. It returns only where it fails.
 */
export function endProcess(code: number): void {
  // Required here and not imported: Node warns of WASI when it loads it, and this warning would come after the end.
  const { WASI: Wasi } = createRequire(import.meta.url)('node:wasi') as { WASI: typeof WASI };
  const wasi = new Wasi({ version: 'preview1', returnOnExit: false });
  wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } });
  (wasi.wasiImport as { proc_exit(code: number): void }).proc_exit(code);
}
