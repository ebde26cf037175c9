// Compiles the native engine (src/native) into dist/native/srvid-native.node. Where there is no compiler it says so in one line, and the build
// goes on: without the engine everything runs on ONNX Runtime. What was compiled from the same sources with the same flags is kept.
// Usage: node scripts/build-native.mjs [folder], by default dist/native.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compileAll } from './native/compile.mjs';
import { availableCompiler } from './native/compiler.mjs';
import { addonSources, ROOT } from './native/sources.mjs';

const folder = process.argv[2] ?? join(ROOT, 'dist', 'native');
const addon = join(folder, 'srvid-native.node');
const compiler = availableCompiler();
if (!compiler) {
  rmSync(addon, { force: true });
  console.log('native engine: not built, since there is no C++ compiler (Debian: apt-get install g++); networks run on ONNX Runtime, more slowly');
} else {
  mkdirSync(folder, { recursive: true });
  try {
    await compileAll({ compiler, sources: addonSources(), output: addon, kind: 'addon' });
  } catch (error) {
    console.error(`native engine: ${error.message}`);
    process.exitCode = 1;
  }
}
