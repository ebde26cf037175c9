import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native addon does not survive being loaded twice in one process, which worker threads of a runner would do.
    pool: 'forks',
    // Tests start ffmpeg and worker threads of their own; more files at once than cores would only make them slow.
    maxWorkers: 2,
    // What is measured while tests run says nothing about this machine, so it is not kept where users keep it.
    env: { XDG_CACHE_HOME: fileURLToPath(new URL('node_modules/.cache/test', import.meta.url)) },
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
