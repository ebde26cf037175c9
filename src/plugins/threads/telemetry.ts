import { isMainThread } from 'node:worker_threads';
import { SrvidError } from '../../errors.js';

/** Variable that ONNX Runtime reads once in a process, when it creates its environment for the first session. */
const SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * Switches ONNX Runtime's telemetry off for this process. The native library reads the environment of the process. Only
 * in the main thread does `process.env` write to it; in a worker thread it is a copy from the thread that started the
 * worker. So the main thread sets the variable before it starts workers, and a worker checks that it has arrived.
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
