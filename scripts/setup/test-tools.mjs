import { SetupError } from './command.mjs';
import { findPackageManager, installWith, succeeds } from './package-manager.mjs';

/** Programs that tests run, beside ffmpeg and a browser: what they are for, and by what name package managers have them. */
const TOOLS = [
  { program: 'strace', args: ['-V'], name: 'strace', use: 'with which tests watch what files and hosts srvid asks for', onlyOn: 'linux' },
  { program: 'redis-server', args: ['--version'], name: 'redis', use: 'through which tests share work between processes' },
];

/**
 * Makes sure that the programs of tests are here, and installs them where this user may.
 * @throws SetupError saying what to type.
 */
export function ensureTestTools(say) {
  for (const { program, args, name, use, onlyOn } of TOOLS) {
    if ((onlyOn !== undefined && process.platform !== onlyOn) || succeeds(program, args)) continue;
    const missing = `There is no ${program}, ${use}.`;
    const manager = findPackageManager(name);
    if (!manager) throw new SetupError(`${missing} Install it and run this again.`);
    if (!manager.allowed) throw new SetupError(`${missing} Type this, then run this again:\n\n    ${manager.typed}\n`);
    say(`${missing} Installing it: ${manager.typed}`);
    installWith(manager);
    if (!succeeds(program, args)) throw new SetupError(`${program} was installed, but does not run. Install it by hand and run this again.`);
  }
}
