import { spawnSync } from 'node:child_process';
import { SetupError } from './command.mjs';
import { findPackageManager, installWith } from './package-manager.mjs';

/**
 * Makes sure that there is strace, with which tests watch files and network, and installs it where this user may. Linux has it alone.
 * @throws SetupError saying what to type.
 */
export function ensureStrace(say) {
  if (process.platform !== 'linux' || runs()) return;
  const missing = 'There is no strace, with which tests watch what files and hosts srvid asks for.';
  const manager = findPackageManager('strace');
  if (!manager) throw new SetupError(`${missing} Install it and run this again.`);
  if (!manager.allowed) throw new SetupError(`${missing} Type this, then run this again:\n\n    ${manager.typed}\n`);
  say(`${missing} Installing it: ${manager.typed}`);
  installWith(manager);
  if (!runs()) throw new SetupError('strace was installed, but does not run. Install it by hand and run this again.');
}

function runs() {
  return spawnSync('strace', ['-V'], { stdio: 'ignore' }).status === 0;
}
