import { join } from 'node:path';
import { ROOT, runNpm } from './command.mjs';
import { modifiedAt, newestIn } from './modified-at.mjs';

/**
 * Builds where dist/ is missing or older than the sources. A build with type errors writes nothing (--noEmitOnError),
 * so that a failed one is never taken for a fresh one.
 */
export function buildIfStale(say) {
  const built = modifiedAt(join(ROOT, 'dist', 'index.js'));
  const changed = Math.max(newestIn(join(ROOT, 'src')), modifiedAt(join(ROOT, 'tsconfig.json')));
  if (built > changed) return;
  say('building');
  runNpm(['run', '--silent', 'build']);
}
