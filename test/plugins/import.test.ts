import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { outputSize } from '../../dist/plugins/plan/groups.js';
import { tryImport } from '../../dist/plugins/trial.js';
import { srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { planned } from '../helpers/plugins.js';

const folder = await temporaryFolder();
const GOOD = (scale = '1') => `export default { name: 'good', apiVersion: 1, planes: 'y', halo: 0, scale: ${scale}, process: (frame) => frame };`;
const input = join(folder, 'in.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=1', '-pix_fmt', 'yuv420p', input);

test.each([
  ['ends the process', `process.exit(0);\n${GOOD()}`, /process\.exit\(0\)/],
  ['ends it and catches what that throws', `try { process.exit(0); } catch {}\n${GOOD()}`, /process\.exit\(0\)/],
  ['waits for ever', `await new Promise(() => {});\n${GOOD()}`, /top-level await/],
  ['has a scale below 0', GOOD('-2'), /"scale" is -2/],
  ['gives a scale below 0', GOOD('() => -2'), /"scale" of plugin good is -2/],
])('a module that %s is refused before the first frame, by name', async (what, source, complaint) => {
  const plugin = join(folder, `${what.replaceAll(' ', '-')}.mjs`);
  await writeFile(plugin, source);
  const { code, stderr } = await srvid([input, join(folder, 'out.mp4'), '--preset', 'bicubic', '--plugin', plugin]);
  expect(stderr).toContain('SRVID_PLUGIN_INVALID');
  expect(stderr).toMatch(complaint);
  expect(stderr).toMatch(/plugin (?:good|\/)/);
  expect(code).toBe(2);
});

test('a module that loops for ever is refused within the limit', async () => {
  const plugin = join(folder, 'loops.mjs');
  await writeFile(plugin, 'for (;;);');
  const error = await failureOf(() => tryImport(plugin, 'loops', 1000));
  expect(error.code).toBe('SRVID_PLUGIN_INVALID');
  expect(error.message).toMatch(/plugin loops .* did not end within 1 s/);
});

test('Ctrl-C ends the command while a module loops for ever', async () => {
  const [plugin, mark] = [join(folder, 'loops.mjs'), join(folder, 'looping')];
  await writeFile(plugin, `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(mark)}, ''); for (;;);`);
  let stoppedAt = 0;
  const { code } = await srvid([input, join(folder, 'loops-out.mp4'), '--preset', 'bicubic', '--plugin', plugin], {
    onStart: (child) => {
      const looking = setInterval(() => {
        if (!existsSync(mark)) return;
        clearInterval(looking);
        stoppedAt = performance.now();
        child.kill('SIGINT');
      }, 50);
    },
  });
  expect(code).toBe(130);
  expect(performance.now() - stoppedAt).toBeLessThan(20_000);
});

test('a size is whole pixels, and a scale above 0', () => {
  const sizeFor = (scale: unknown) => outputSize(planned({ scale: () => scale as number }), { width: 4, height: 4 });
  expect(sizeFor(2)).toEqual({ width: 8, height: 8 });
  expect(sizeFor({ width: 3, height: 5 })).toEqual({ width: 3, height: 5 });
  for (const scale of [0, -2, Number.NaN, Number.POSITIVE_INFINITY, '2', null, { width: 0, height: 1 }, { width: 1.5, height: 1 }])
    expect(() => sizeFor(scale)).toThrow(/"scale" of plugin planned/);
});
