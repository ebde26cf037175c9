import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native addon does not survive being loaded twice in one process, which worker threads of a runner would do.
    pool: 'forks',
    // Tests start ffmpeg and worker threads of their own; more files at once than cores would only make them slow.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
