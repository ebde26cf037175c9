import type { Engine, InferenceBackend } from './backend.js';
import { nativeEngine } from './native-engine.js';
import { onnxRuntime } from './onnx-runtime.js';

/** The backend that opens models for an engine. */
export function backendOf(engine: Engine): InferenceBackend {
  return engine.name === 'native' ? nativeEngine(engine) : onnxRuntime;
}

/** The engine in words, "native (avx2)". */
export function engineInWords(engine: Engine): string {
  return engine.name === 'native' ? `native (${engine.kernel})` : 'ONNX Runtime';
}

/** The option that asks for exactly this engine. */
export function engineOption(engine: Engine): 'ort' | `native:${string}` {
  return engine.name === 'native' ? `native:${engine.kernel}` : 'ort';
}

/** The engine in the keys of measurements. That of ONNX Runtime is empty, since its version is in the machine's name. */
export function engineKey(engine: Engine): string {
  return engine.name === 'native' ? ` by native ${engine.kernel} of ${engine.build}` : '';
}
