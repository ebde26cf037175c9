import { createRequire } from 'node:module';
import type { WASI } from 'node:wasi';

/** Node's types leave it out, since it belongs to the browser's types. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => object };

/**
 * Ends the process with this code even while threads are inside native code. Node's own way waits for each thread,
 * perhaps for ever, and then cannot end it. WASI's `proc_exit` is the only call of Node that reaches the system's
 * `exit` directly. It returns only where it fails.
 */
export function endProcess(code: number): void {
  // Required here and not imported: Node prints a warning when it loads WASI, which the end of the process thus prevents.
  const { WASI: Wasi } = createRequire(import.meta.url)('node:wasi') as { WASI: typeof WASI };
  const wasi = new Wasi({ version: 'preview1', returnOnExit: false });
  wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } });
  (wasi.wasiImport as { proc_exit(code: number): void }).proc_exit(code);
}
