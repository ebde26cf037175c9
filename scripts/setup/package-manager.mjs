import { spawnSync } from 'node:child_process';
import { runCommand } from './command.mjs';

/**
 * Each system's way to install what srvid needs; the first program found is used. apk is missing on purpose: ONNX Runtime has no library for musl.
 * Fedora's own ffmpeg-free has no libx264, hence ffmpeg, which RPM Fusion has.
 */
const MANAGERS = [
  { program: 'apt-get', asRoot: true, commands: (name) => [['update'], ['install', '-y', '--no-install-recommends', name]] },
  { program: 'dnf', asRoot: true, commands: (name) => [['install', '-y', name]], note: 'needs the RPM Fusion repository: https://rpmfusion.org' },
  { program: 'pacman', asRoot: true, commands: (name) => [['-S', '--noconfirm', '--needed', name]] },
  { program: 'brew', asRoot: false, commands: (name) => [['install', name]] },
];

/**
 * The package manager of this system, whether this user may install with it without a password (`allowed`) and the command to type.
 * Undefined where none of the known ones is here. `name` is what all of them call the package.
 */
export function findPackageManager(name) {
  const manager = MANAGERS.find(({ program }) => succeeds(program, ['--version']));
  if (!manager) return undefined;
  const found = { ...manager, commands: manager.commands(name) };
  const isRoot = process.getuid?.() === 0;
  const prefix = found.asRoot && !isRoot ? ['sudo'] : [];
  const lines = found.commands.map((args) => [...prefix, found.program, ...args].join(' '));
  return {
    ...found,
    // -n: rather fail than ask for a password, which nobody may be there to type.
    allowed: prefix.length === 0 || succeeds('sudo', ['-n', 'true']),
    viaSudo: prefix.length > 0,
    typed: `${lines.join(' && ')}${found.note ? `    (${found.note})` : ''}`,
  };
}

/** @throws SetupError naming the command that failed. */
export function installWith({ program, commands, viaSudo }) {
  // Debian's packages may ask questions while they are set up. sudo clears the environment, so env sets it behind sudo.
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const [first, ...rest] = [...(viaSudo ? ['sudo', '-n'] : []), ...environment, program];
  for (const args of commands) runCommand(first, [...rest, ...args]);
}

/** True where a program is here and ends well. */
export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
