import { join } from 'node:path';
import { accepts, links } from './compiler.mjs';
import { ROOT } from './sources.mjs';

/** Flags of all files. No contraction: a product that is fused with a sum is rounded once instead of twice, and gives other bytes. */
export const COMMON = [
  '-std=c++17',
  '-O3',
  '-fPIC',
  '-fvisibility=hidden',
  '-ffp-contract=off',
  '-DNAPI_VERSION=8',
  `-I${join(ROOT, 'node_modules', 'node-api-headers', 'include')}`,
];

const AVX512 = ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx512vnni'];

/** Instructions that a kernel's file is compiled for, by architecture. Nothing else may use them: the file is entered only where the machine has them. */
const INSTRUCTIONS = {
  x64: {
    'avx2.cc': ['-mavx2'],
    'avx-vnni.cc': ['-mavx2', '-mavxvnni'],
    'avx512-vnni.cc': AVX512,
    'amx.cc': [...AVX512, '-mamx-tile', '-mamx-int8'],
  },
  arm64: { 'neon-dot.cc': ['-march=armv8.2-a+dotprod'] },
};

/** A file's flags for instructions. A compiler too old for them compiles the file without, which leaves the kernel out. */
export function instructionFlags(command, source, arch) {
  const flags = INSTRUCTIONS[arch]?.[source] ?? [];
  return flags.length > 0 && accepts(command, flags) ? flags : [];
}

/** The C++ library goes in, so that a build runs where another version of it is installed. Some systems have it in a package of its own. */
const STATIC = ['-static-libstdc++', '-static-libgcc'];

/** Flags of the last step. The add-on's calls of Node are resolved when Node loads it. `folder` is for a trial. */
export function linkFlags(kind, command, folder) {
  if (kind === 'program') return ['-pthread'];
  if (process.platform === 'darwin') return ['-bundle', '-undefined', 'dynamic_lookup'];
  const shared = ['-shared', '-pthread', '-Wl,--exclude-libs,ALL', '-s'];
  return links(command, [...shared, ...STATIC], folder) ? [...shared, ...STATIC] : shared;
}
