// Compiles the WebAssembly kernels, each file to one of its name beside the modules that load it.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = 'src/plugins/pixels/assembly';
const compiler = `${root}node_modules/assemblyscript/bin/asc.js`;
const options = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert'];
for (const file of readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.ts'))) {
  const output = `dist/plugins/pixels/${file.replace(/\.ts$/, '.wasm')}`;
  const { status } = spawnSync(process.execPath, [compiler, `${folder}/${file}`, '--outFile', output, ...options], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
