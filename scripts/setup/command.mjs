import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. Commands run here, wherever the script was called from. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Something that the reader of the message can mend; printed without a stack. */
export class SetupError extends Error {}

/**
 * Runs a command with its output on the terminal.
 * @throws SetupError naming the command, where it fails.
 */
export function runCommand(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error || status !== 0) throw new SetupError(`"${[command, ...args].join(' ')}" failed${error ? ` (${error.message})` : ` with exit code ${status}`}.`);
}

/** Runs npm: the one that started this script, else the one on the PATH (a .cmd file on Windows, which needs a shell). */
export function runNpm(args) {
  const npm = process.env.npm_execpath;
  if (npm) return runCommand(process.execPath, [npm, ...args]);
  if (process.platform === 'win32') return runCommand('cmd', ['/c', 'npm', ...args]);
  runCommand('npm', args);
}
