// Writes the npm package with the prebuilt native engine of this platform, @srvid/native-<platform>-<arch>, and packs it:
//     node scripts/native-package.mjs [folder]
// The folder, by default out/native-package, then holds the package and its .tgz, whose path is printed. The package is optional: srvid looks
// for it where it has no add-on of its own building. Its version is srvid's, since both sides of the interface change together.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ROOT } from './native/sources.mjs';

const folder = resolve(process.argv[2] ?? join(ROOT, 'out', 'native-package'));
const addon = join(ROOT, 'dist', 'native', 'srvid-native.node');
if (!existsSync(addon)) {
  console.error('native-package: there is no dist/native/srvid-native.node; npm run build makes it where there is a C++ compiler');
  process.exit(1);
}
const { version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const platform = `${process.platform}-${process.arch}`;
const name = `@srvid/native-${platform}`;
const contents = join(folder, 'package');
rmSync(contents, { recursive: true, force: true });
mkdirSync(contents, { recursive: true });
const manifest = {
  name,
  version,
  description: `The native int8 engine of srvid for ${platform}, built.`,
  license,
  os: [process.platform],
  cpu: [process.arch],
  // What is linked against glibc does not load where another C library is.
  ...(process.platform === 'linux' ? { libc: ['glibc'] } : {}),
  main: 'srvid-native.node',
  files: ['srvid-native.node'],
};
writeFileSync(join(contents, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
writeFileSync(
  join(contents, 'README.md'),
  `The native int8 engine of [srvid](https://www.npmjs.com/package/srvid) for ${platform}. srvid finds it by itself.\n`,
);
copyFileSync(addon, join(contents, 'srvid-native.node'));
copyFileSync(join(ROOT, 'LICENSE'), join(contents, 'LICENSE'));
const { status, stdout, stderr } = spawnSync('npm', ['pack', '--json', '--pack-destination', folder, contents], { encoding: 'utf8' });
if (status !== 0) {
  console.error(stderr);
  process.exit(1);
}
console.log(join(folder, JSON.parse(stdout)[0].filename));
