import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { switchOffTelemetry } from '../threads/telemetry.js';

export type { InferenceSession } from 'onnxruntime-node';

/** The module of ONNX Runtime. */
export type OnnxRuntime = typeof import('onnxruntime-node');

/** Loads ONNX Runtime, quiet and with its telemetry switched off. No other module of srvid loads it. @throws SRVID_TELEMETRY_ON */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  switchOffTelemetry();
  const runtime = await import('onnxruntime-node');
  // Errors are thrown and need not be printed as well. The level of a session does not hold for the making of a session.
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/**
 * Version of ONNX Runtime; measured times are valid for one version only. Reads it from the package, without loading
 * the library.
 */
export async function runtimeVersion(): Promise<string> {
  const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version;
}
