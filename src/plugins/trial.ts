import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { messageOf, SrvidError } from '../errors.js';
import { PATIENCE_MS } from '../pipeline/frames/timeout.js';

const TRIAL_FILE = fileURLToPath(new URL('./trial-worker.js', import.meta.url));

/**
 * Imports a module in a thread of its own first. A module may end the process without a message when it is imported, or
 * block its thread for ever, in which case the main thread would not even notice Ctrl-C.
 * @throws SRVID_PLUGIN_INVALID where the import ends its thread, or does not end; the module's own error is left to the
 * actual import
 */
export async function tryImport(module: string, name: string, limitMs = PATIENCE_MS): Promise<void> {
  const worker = new Worker(TRIAL_FILE, { workerData: module, stdout: true, stderr: true });
  let timer: NodeJS.Timeout | undefined;
  const complaint = await new Promise<string | undefined>((resolve) => {
    worker.once('message', resolve);
    worker.once('error', (error) => resolve(messageOf(error)));
    // A top-level await for nothing ends the thread by itself, with this code of Node's.
    worker.once('exit', (code) => resolve(code === UNSETTLED_AWAIT ? NEVER_DONE : `its import ended the thread with code ${code}`));
    timer = setTimeout(() => resolve(tooLong(limitMs)), limitMs);
  });
  clearTimeout(timer);
  await worker.terminate();
  if (complaint) throw refused(module, name, complaint);
}

/**
 * Imports a module in this thread.
 * @throws the module's own error; SRVID_PLUGIN_INVALID where it is not done within `limitMs`
 */
export async function importInTime(module: string, name: string, limitMs = PATIENCE_MS): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(refused(module, name, tooLong(limitMs))), limitMs);
  });
  try {
    return await Promise.race([import(module), late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLong(limitMs: number): string {
  return `its import did not end within ${limitMs / 1000} s`;
}

const UNSETTLED_AWAIT = 13;
const NEVER_DONE = 'a top-level await in it never ends';

function refused(module: string, name: string, complaint: string): SrvidError {
  return new SrvidError('SRVID_PLUGIN_INVALID', `Tried to load plugin ${name} from ${module}: ${complaint}. See docs/plugins.md.`, { plugin: name, module });
}
