/** One promise of the contract, and whether a plugin keeps it. */
export interface PluginCheck {
  /** The promise's name, in few words: "halo". */
  readonly name: string;
  /** The promise in a sentence. */
  readonly promise: string;
  /** 'passed' and 'failed' were tried. 'none' promises nothing here. 'not reached' follows a failure that ended the plugin. */
  readonly outcome: 'passed' | 'failed' | 'none' | 'not reached';
  /** The reason of a failure, or of a promise that there is not. */
  readonly cause?: string;
  /** The number of the frame at which it was seen, from 0, where there was one. */
  readonly frame?: number;
  /** The change that mends it. */
  readonly remedy?: string;
}

/** The outcome of the conformance suite for one plugin. */
export interface PluginReport {
  /** The plugin's own name, or the text by which it was asked for where it could not be loaded. */
  readonly plugin: string;
  readonly module: string;
  /** True where no check failed. */
  readonly ok: boolean;
  readonly checks: readonly PluginCheck[];
  /** The report in lines for people: a test's message. */
  readonly text: string;
}

/** A finding that fails a check. */
export interface Fault {
  readonly cause: string;
  readonly remedy: string;
  readonly frame?: number;
}

/** The checks in the order in which they are made, and the promise of each. */
export const PROMISES = {
  contract: 'it loads, and declares what the contract asks for',
  options: 'its schema refuses what it cannot use, and says in words which option is wrong',
  runs: 'it gives a frame for every frame, without an error, and stays quiet on standard output',
  sizes: 'it writes every sample of the size that it declares, at any size and format of frames',
  pts: 'it leaves the times of frames alone',
  inputs: 'it writes to no frame that it was given',
  determinism: 'the same frames give the same result',
  state: 'the result of a frame follows from what it declares to read: its window, and its own past only where "ordered"',
  halo: 'a piece of a picture with its halo gives what it gives within the whole picture',
  memory: 'it keeps no frame, and its memory does not grow',
  close: 'flush and close end, once on each thread',
} as const;

/** The name of a check. */
export type CheckName = keyof typeof PROMISES;

/** Collects outcomes; a check has one, the first failure counting. */
export class Findings {
  readonly #outcomes = new Map<CheckName, Omit<PluginCheck, 'name' | 'promise'>>();

  pass(name: CheckName): void {
    if (!this.#outcomes.has(name)) this.#outcomes.set(name, { outcome: 'passed' });
  }

  /** Records a promise that the plugin does not make, with the reason. */
  none(name: CheckName, cause: string): void {
    if (!this.#outcomes.has(name)) this.#outcomes.set(name, { outcome: 'none', cause });
  }

  fail(name: CheckName, fault: Fault): void {
    if (!this.hasFailed(name)) this.#outcomes.set(name, { outcome: 'failed', ...fault });
  }

  hasFailed(name: CheckName): boolean {
    return this.#outcomes.get(name)?.outcome === 'failed';
  }

  report(plugin: string, module: string): PluginReport {
    const checks = Object.entries(PROMISES).map(([name, promise]): PluginCheck => {
      return { name, promise, ...(this.#outcomes.get(name as CheckName) ?? { outcome: 'not reached' }) };
    });
    const ok = checks.every(({ outcome }) => outcome === 'passed' || outcome === 'none');
    return { plugin, module, ok, checks, text: textOf(plugin, checks, ok) };
  }
}

const MARKS = { passed: 'ok', failed: 'FAILED', none: '-', 'not reached': 'not reached' } as const;

function textOf(plugin: string, checks: readonly PluginCheck[], ok: boolean): string {
  const lines = checks.flatMap(({ name, promise, outcome, cause, remedy, frame }) => {
    const about = outcome === 'none' ? (cause ?? '') : promise;
    const line = `  ${MARKS[outcome].padEnd(12)}${name.padEnd(13)}${about}`;
    if (outcome !== 'failed') return [line];
    return [line, `${INDENT}cause: ${cause}`, ...(frame === undefined ? [] : [`${INDENT}frame: ${frame}`]), `${INDENT}mend:  ${remedy}`];
  });
  const failed = checks.filter(({ outcome }) => outcome === 'failed').length;
  const end = ok ? 'keeps the contract' : `breaks the contract (${failed} of ${checks.length} checks failed)`;
  return [`Plugin ${plugin} ${end}`, ...lines].join('\n');
}

const INDENT = ' '.repeat(27);
