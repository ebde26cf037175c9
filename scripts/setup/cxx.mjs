import { availableCompiler } from '../native/compiler.mjs';
import { SetupError } from './command.mjs';
import { findPackageManager, installWith } from './package-manager.mjs';

/**
 * Makes sure that there is a C++ compiler for the native engine where Debian's package manager may install one. The engine is optional:
 * elsewhere, or where that fails, one line says what is gained by a compiler, and nothing stops.
 */
export function ensureCxx(say) {
  if (process.platform === 'win32' || availableCompiler()) return;
  const missing = 'There is no C++ compiler, with which the native engine is built: int8 networks run faster on it.';
  const manager = findPackageManager('g++');
  if (manager?.program !== 'apt-get' || !manager.allowed) return say(`${missing} Everything else works without.`);
  say(`${missing} Installing it: ${manager.typed}`);
  try {
    installWith(manager);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`That failed, and everything else works without: ${error.message.split('\n')[0]}`);
  }
}
