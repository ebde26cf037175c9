import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { switchOffTelemetry } from '../threads/telemetry.js';

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
