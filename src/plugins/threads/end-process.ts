import { createRequire } from 'node:module';
import type { WASI } from 'node:wasi';
import { ERROR_CODES } from '../../errors.js';
import { findAddon } from '../inference/native/addon.js';

/** Node's types leave it out, since it belongs to the browser's types. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => object };

/**
 * Ends the process at once with this code, even while threads are inside native code or in a system call that never
 * returns. Node's own way out waits for each of them. It returns only where it fails.
 */
export function endProcess(code: number): void {
  if (code === ERROR_CODES.SRVID_INTERRUPTED.exit) dieBySignal();
  findAddon().addon?.end(code);
  exitBesideThreads(code);
}

/**
 * Lets SIGINT do what it does to any process. The system then ends all threads where they are, and no destructor of a
 * native library runs beside them; a shell sees code 130. A container's first process is not ended so.
 */
function dieBySignal(): void {
  if (process.platform === 'win32') return;
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}

/**
 * Leaves by WASI's `proc_exit`, the one call of Node's that goes to the system's `exit` directly. That runs the destructors of native
 * libraries beside threads that still use them, so now and then the process dies by SIGSEGV instead. Nothing better is there without the add-on.
 */
function exitBesideThreads(code: number): void {
  // Required here and not imported: Node warns of WASI when it loads it, and this warning would come after the end.
  const { WASI: Wasi } = createRequire(import.meta.url)('node:wasi') as { WASI: typeof WASI };
  const wasi = new Wasi({ version: 'preview1', returnOnExit: false });
  wasi.initialize({ exports: { memory: new WebAssembly.Memory({ initial: 1 }) } });
  (wasi.wasiImport as { proc_exit(code: number): void }).proc_exit(code);
}
