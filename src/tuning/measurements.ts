import { arch, availableParallelism, cpus } from 'node:os';
import { cacheFile, KeptValues } from '../kept-values.js';

/** Measurements of this machine, kept between runs. A file that cannot be read or written costs a measurement, never a run. */
export class MeasurementCache {
  readonly #kept: KeptValues;

  constructor(path = cacheFile('measurements.json')) {
    this.#kept = new KeptValues(path);
  }

  async get(key: string): Promise<number | undefined> {
    const value = await this.#kept.get(key);
    return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
  }

  async set(values: Readonly<Record<string, number>>): Promise<void> {
    await this.#kept.set(values);
  }

  /** Removes measurements, so that the next run makes them again. */
  async forget(keys: readonly string[]): Promise<void> {
    await this.#kept.forget(keys);
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
