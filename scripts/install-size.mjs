// Packs the package, installs it into an empty project as a user would, and prints how large that is and how long it takes.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const MB = 1e6;
const folder = await mkdtemp(join(tmpdir(), 'srvid-install-'));
const npm = (args, cwd) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

try {
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT));
  console.log(`tarball: ${(size / MB).toFixed(1)} MB, unpacked ${(unpackedSize / MB).toFixed(1)} MB in ${entryCount} files`);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const since = performance.now();
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename)], folder);
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  const sizes = await Promise.all((await packagesIn(join(folder, 'node_modules'))).map(async (path) => [path, await bytesOf(path)]));
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  console.log(`installed in ${seconds} s: ${(total / MB).toFixed(0)} MB in ${sizes.length} packages, of which`);
  for (const [path, bytes] of sizes.toSorted((a, b) => b[1] - a[1]).slice(0, 4))
    console.log(`  ${path.split('node_modules/')[1]}: ${(bytes / MB).toFixed(1)} MB`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function packagesIn(modules) {
  const names = (await readdir(modules)).filter((name) => !name.startsWith('.'));
  const found = names.map((name) =>
    name.startsWith('@') ? readdir(join(modules, name)).then((inner) => inner.map((one) => join(modules, name, one))) : [join(modules, name)],
  );
  return (await Promise.all(found)).flat();
}

async function bytesOf(path) {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((entry) => stat(join(entry.parentPath, entry.name))))).reduce((sum, { size }) => sum + size, 0);
}
