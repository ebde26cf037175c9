import { readFile } from 'node:fs/promises';

/** Instructions that add products of unsigned and signed bytes in 32 bits, by Linux's names. */
const EXACT = ['avx512_vnni', 'avx_vnni', 'amx_int8'];

/** The CPU's features, by Linux's names; undefined where the system does not list them. */
export async function cpuFlags(): Promise<ReadonlySet<string> | undefined> {
  return readFile('/proc/cpuinfo', 'utf8')
    .then((text) => new Set(/^flags\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ') ?? []))
    .catch(() => undefined);
}

/** True where ONNX Runtime is known to add products of unsigned and signed bytes exactly, without an option that makes it slower. */
export async function addsExactly(): Promise<boolean> {
  const flags = await cpuFlags();
  return EXACT.some((flag) => flags?.has(flag));
}
