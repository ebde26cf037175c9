import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { expect, test } from 'vitest';
import { isMachineBusy } from '../../dist/tuning/machine-load.js';

test('processes that take all cores make the machine busy', async () => {
  const others = Array.from({ length: cpus().length }, () =>
    spawn(process.execPath, ['-e', 'console.log(1); for (;;);'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  try {
    await Promise.all(others.map((other) => once(other.stdout as NodeJS.ReadableStream, 'data')));
    expect(await isMachineBusy()).toBe(true);
  } finally {
    for (const other of others) other.kill('SIGKILL');
  }
});
