import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);

test('every piece of code in docs/api.md runs as it stands, from an empty project', async () => {
  const text = await readFile(join(ROOT, 'docs/api.md'), 'utf8');
  const pieces = [...text.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string);
  expect(pieces.length).toBeGreaterThan(8);
  await mkdir(at('node_modules'));
  await symlink(ROOT, at('node_modules/srvid'));
  await copyFile(join(ROOT, 'examples/plugins/darken.js'), at('darken.js'));
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=0.32', '-f', 'lavfi', '-i', 'sine=d=0.3', '-pix_fmt', 'yuv420p'];
  await ffmpeg(...picture, at('in.mp4'));
  await ffmpeg(...picture, '-c:a', 'flac', at('in.mkv'));
  for (const [index, code] of pieces.entries()) await writeFile(at(`piece-${index}.mjs`), code);
  // One after the other in one process, since each process loads everything anew.
  const runner = `for (let index = 0; index < ${pieces.length}; index++) {
  console.log('piece', index);
  await import('./piece-' + index + '.mjs');
}`;
  await writeFile(at('run.mjs'), runner);
  const { stdout } = await run(process.execPath, ['run.mjs'], { cwd: folder, timeout: 110_000 });
  expect(stdout).toContain(`piece ${pieces.length - 1}`);
  expect(stdout).toContain('128 96 0 49152');
  expect(stdout).toContain('SRVID_INTERRUPTED seen enough');
  expect(stdout).toMatch(/http:\/\/127\.0\.0\.1:\d+\/ \{ ok: true/);
  expect(stdout).toMatch(/^function$/m);
});
