import { readFile } from 'node:fs/promises';
import type { OutputMultiple } from '../onnx/fast-conv.js';

/** The CPU's features, by Linux's names; undefined where the system does not list them. */
export async function cpuFlags(): Promise<ReadonlySet<string> | undefined> {
  return readFile('/proc/cpuinfo', 'utf8')
    .then((text) => new Set(/^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ') ?? []))
    .catch(() => undefined);
}

/** The multiple of output channels that ONNX Runtime's fast int8 convolution requires on this CPU. */
export async function outputMultipleHere(): Promise<OutputMultiple> {
  const flags = await cpuFlags();
  return flags?.has('avx2') && !flags.has('avx512bw') ? 8 : 4;
}
