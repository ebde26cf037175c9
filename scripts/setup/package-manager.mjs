import { spawnSync } from 'node:child_process';
import { runCommand } from './command.mjs';

/**
 * How each system installs ffmpeg; the first program found is used. apk is missing on purpose: ONNX Runtime has no library for musl.
 * Fedora's own ffmpeg-free has no libx264, hence ffmpeg, which RPM Fusion has.
 */
const MANAGERS = [
  { program: 'apt-get', asRoot: true, commands: [['update'], ['install', '-y', '--no-install-recommends', 'ffmpeg']] },
  { program: 'dnf', asRoot: true, commands: [['install', '-y', 'ffmpeg']], note: 'needs the RPM Fusion repository: https://rpmfusion.org' },
  { program: 'pacman', asRoot: true, commands: [['-S', '--noconfirm', '--needed', 'ffmpeg']] },
  { program: 'brew', asRoot: false, commands: [['install', 'ffmpeg']] },
];

/**
 * The package manager of this system, whether this user may install with it without a password (`allowed`) and the command to type.
 * Undefined where none of the known ones is here.
 */
export function findPackageManager() {
  const found = MANAGERS.find(({ program }) => succeeds(program, ['--version']));
  if (!found) return undefined;
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

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
