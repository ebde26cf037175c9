// Last step of the build: tsc writes no execute bit, which programs need (npm sets it only where it installs).
import { chmodSync } from 'node:fs';

// On Windows this does no harm: it only clears the read-only flag, which is not set.
for (const program of ['cli/main.js', 'bench/record-ffmpeg.js']) chmodSync(new URL(`../dist/${program}`, import.meta.url), 0o755);
