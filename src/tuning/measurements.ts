import { mkdir, rename, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { readBounded } from '../bounded-file.js';
import { userFolders } from '../user-folders.js';

const MAX_BYTES = 1 << 22;

/**
 * Measurements of this machine, kept between runs in a file of the user's cache folder. The file may be deleted at any
 * time. A file that cannot be read or written costs a measurement, never a run.
 */
export class MeasurementCache {
  constructor(private readonly path = join(userFolders().cache, 'measurements.json')) {}

  async get(key: string): Promise<number | undefined> {
    const value = (await this.#read())[key];
    return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
  }

  async set(values: Readonly<Record<string, number>>): Promise<void> {
    await this.#change((kept) => ({ ...kept, ...values }));
  }

  /** Removes measurements, so that the next run makes them again. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.#change((kept) => Object.fromEntries(Object.entries(kept).filter(([key]) => !keys.includes(key))));
  }

  async #change(change: (kept: Record<string, unknown>) => Record<string, unknown>): Promise<void> {
    const temporary = `${this.path}.${process.pid}.tmp`;
    try {
      await mkdir(join(this.path, '..'), { recursive: true });
      await writeFile(temporary, JSON.stringify(change(await this.#read()), null, 1));
      await rename(temporary, this.path);
    } catch {
      // Measured again next time.
    }
  }

  async #read(): Promise<Record<string, unknown>> {
    try {
      const parsed: unknown = JSON.parse((await readBounded(this.path, MAX_BYTES)).toString());
      return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }
}

/**
 * Name of this machine in the keys of measurements: processor, cores, and versions on which times depend. Another name
 * means new measurements.
 */
export function machineName(runtimeVersion: string): string {
  return [
    cpus()[0]?.model.trim() ?? 'unknown processor',
    `${availableParallelism()} cores`,
    arch(),
    `Node ${process.versions.node.split('.')[0]}`,
    `ONNX Runtime ${runtimeVersion}`,
  ].join(', ');
}
