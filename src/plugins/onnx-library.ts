import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { SrvidError } from '../errors.js';

export type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** ONNX Runtime's module, as `import` gives it. */
export type OnnxRuntime = typeof import('onnxruntime-node');

/**
 * Loads ONNX Runtime with its telemetry switched off. Everything in srvid that runs a network comes through here.
 * @throws SRVID_TELEMETRY_ON
 */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  switchOffTelemetry();
  return import('onnxruntime-node');
}

/** Version of ONNX Runtime, on which it depends how long things take. Reads it from the package, without loading the library. */
export async function runtimeVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version;
}

/** ONNX Runtime reads it once in a process, when it creates its environment for the first session. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * Switches ONNX Runtime's telemetry off for this process. The native library reads the environment of the process. Only in the main
 * thread does `process.env` write to that one; in a worker thread it is a copy, taken from the thread that started it. So the main thread
 * sets the variable before it starts workers, and a worker checks that it has come along.
 * @throws SRVID_TELEMETRY_ON
 */
export function switchOffTelemetry(): void {
  if (isMainThread) process.env[SWITCH] = '1';
  if (process.env[SWITCH] === '1') return;
  throw new SrvidError(
    'SRVID_TELEMETRY_ON',
    `Tried to switch off ONNX Runtime's telemetry; a worker thread cannot do that, and ${SWITCH} is not 1 here. Set process.env.${SWITCH} = '1' in the main thread before it starts this worker thread, or set it before the program starts.`,
    { variable: SWITCH },
  );
}
