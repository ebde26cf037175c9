// npm run fuzz:native [-- --cases 1000000] [--seed 1] [--arm]: the native engine's fuzz program under AddressSanitizer and
// UndefinedBehaviorSanitizer. With --arm it is compiled for 64-bit Arm, and runs in qemu without sanitizers (Debian: g++-aarch64-linux-gnu,
// qemu-user).
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileAll } from './native/compile.mjs';
import { availableCompiler } from './native/compiler.mjs';
import { programSources, ROOT } from './native/sources.mjs';

/** Warnings are errors here, but for those that GCC gives for its own headers of AVX-512. */
const WARNINGS = ['-Wall', '-Wextra', '-Werror', '-Wno-unknown-warning-option', '-Wno-maybe-uninitialized', '-Wno-uninitialized'];
const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-O2', '-g'];

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' }, arm: { type: 'boolean', default: false } },
});
const compiler = values.arm ? availableCompiler('aarch64-linux-gnu-g++') : availableCompiler();
const emulates = !values.arm || spawnSync('qemu-aarch64', ['--version']).status === 0;
if (!compiler || !emulates) {
  console.log(
    `fuzz: not run, since there is no ${values.arm ? 'compiler or emulator for Arm (Debian: apt-get install g++-aarch64-linux-gnu qemu-user)' : 'C++ compiler'}`,
  );
} else {
  const folder = join(ROOT, 'node_modules', '.cache', 'native-fuzz');
  mkdirSync(folder, { recursive: true });
  const output = join(folder, values.arm ? 'fuzz-arm64' : 'fuzz');
  const extra = [...WARNINGS, ...(values.arm ? ['-static'] : SANITIZERS)];
  await compileAll({ compiler, sources: programSources('fuzz.cc'), output, kind: 'program', extra, arch: values.arm ? 'arm64' : process.arch });
  const command = [...(values.arm ? ['qemu-aarch64'] : []), output, '--cases', values.cases, '--seed', values.seed];
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
