// Last step of the build: tsc writes no execute bit, which ./dist/cli/main.js needs (npm sets it only where it installs).
import { chmodSync } from 'node:fs';

// On Windows this does no harm: it only clears the read-only flag, which is not set.
chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
