import { join } from 'node:path';
import { ROOT, runNpm } from './command.mjs';
import { modifiedAt } from './modified-at.mjs';

/**
 * Installs the packages where there are none or where package-lock.json has changed since.
 * npm writes node_modules/.package-lock.json last, so an install that was broken off is not taken for a whole one.
 */
export function installIfStale(say) {
  const installed = modifiedAt(join(ROOT, 'node_modules', '.package-lock.json'));
  if (installed >= modifiedAt(join(ROOT, 'package-lock.json'))) return;
  say('installing packages (npm ci)');
  // .npmrc turns install scripts off.
  runNpm(['ci', '--no-audit', '--no-fund']);
}
