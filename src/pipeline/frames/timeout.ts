/**
 * Milliseconds for what takes a moment, such as importing a module or asking ffmpeg: only what hangs takes longer. With 30 processes on two
 * cores such a moment was longer than 10 and than 20 s, and whoever gave up then took sound to be unfit for a container, or a module to hang.
 */
export const PATIENCE_MS = 60_000;

/** Settles as `work` does, or rejects with `onTimeout()` after `milliseconds`. The work itself goes on. */
export async function withTimeout<T>(work: Promise<T>, milliseconds: number, onTimeout: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(onTimeout()), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
