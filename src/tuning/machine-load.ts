import { availableParallelism, cpus } from 'node:os';

/** Share of the cores below which what is free is too little for a measurement. */
const FREE_SHARE = 0.85;
/** Time in which the system's counters, which have ticks of 10 ms, say something. */
const GLANCE_MS = 120;

/** The CPU time that other processes take while something is measured. */
export class MachineLoad {
  readonly #since = { at: performance.now(), all: busyMs(), own: ownMs() };

  /**
   * True where other processes took so much since the beginning that fewer cores were free than this process uses. The
   * system's average of a minute would come too late for that.
   */
  get isBusy(): boolean {
    const { at, all, own } = this.#since;
    const elapsedMs = Math.max(1, performance.now() - at);
    const others = Math.max(0, busyMs() - all - (ownMs() - own)) / elapsedMs;
    return cpus().length > 0 && cpus().length - others < FREE_SHARE * availableParallelism();
  }
}

/** True where the machine is busy now. Takes an eighth of a second. */
export async function isMachineBusy(): Promise<boolean> {
  const load = new MachineLoad();
  await new Promise((resolve) => setTimeout(resolve, GLANCE_MS));
  return load.isBusy;
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
