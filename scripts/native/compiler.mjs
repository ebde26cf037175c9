import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * A C++ compiler that works: `wanted`, or the first of c++, g++, clang++ on PATH; undefined where there is none, and on Windows, whose compilers
 * take other options.
 * @returns {{command: string, version: string} | undefined}
 */
export function availableCompiler(wanted = process.env.CXX) {
  if (process.platform === 'win32') return undefined;
  const candidates = wanted ? [wanted] : ['c++', 'g++', 'clang++'];
  for (const command of candidates) {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    // Without the standard library's headers, which are a package of their own in some places, a compiler compiles nothing.
    if (status === 0 && accepts(command, [])) return { command, version: stdout };
  }
  return undefined;
}

/** True where a compiler knows all of these flags. */
export function accepts(command, flags) {
  const { status } = spawnSync(command, ['-std=c++17', ...flags, '-fsyntax-only', '-x', 'c++', '-'], { input: '#include <vector>\n', encoding: 'utf8' });
  return status === 0;
}

/** True where a compiler can link with these flags. */
export function links(command, flags, folder) {
  const parameters = ['-std=c++17', '-fPIC', '-x', 'c++', '-', '-o', join(folder, 'trial'), ...flags];
  return spawnSync(command, parameters, { input: '#include <string>\nstd::string text(int n) { return std::to_string(n); }\n' }).status === 0;
}
