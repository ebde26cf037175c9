// Compiles the WebAssembly kernels, each file to one of its name beside the modules that load it.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = 'src/plugins/pixels/assembly';
const options = ['--baseDir', root, '-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert'];
for (const file of readdirSync(`${root}${folder}`).filter((name) => name.endsWith('.ts'))) {
  const output = `dist/plugins/pixels/${file.replace(/\.ts$/, '.wasm')}`;
  const { error } = await main([`${folder}/${file}`, '--outFile', output, ...options], { stdout: process.stdout, stderr: process.stderr });
  if (error) process.exit(1);
}
