import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMAND, exitCodeOf } from '../helpers/command.js';
import { endlessNetwork } from '../helpers/endless-network.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';

/** Milliseconds after which it is inside the network, or will be: it never leaves it. */
const INSIDE_MS = 4000;
const HANGS_MS = 20_000;
const folder = await temporaryFolder();
const [input, models, network] = [join(folder, 'in.mp4'), join(folder, 'models'), join(folder, 'endless.onnx')];
await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=1', '-pix_fmt', 'yuv420p', input);
const bytes = endlessNetwork();
await writeFile(network, bytes);
await mkdir(models);
await writeFile(join(models, 'endless.onnx'), bytes);
const entry = {
  ...{ id: 'endless', family: 'abpn', scale: 2, precision: 'int8', planes: 'y', file: 'endless.onnx', bytes: bytes.length },
  ...{ sha256: createHash('sha256').update(bytes).digest('hex'), halo: 8, align: 1, parameters: 1, macsPerPixel: 1 },
  ...{ licence: 'MIT', paper: 'https://example.org', card: 'none.md', measured: {} },
};
await writeFile(join(models, 'manifest.json'), JSON.stringify({ version: 1, models: [entry] }));
const program = join(folder, 'program.mjs');
const request = { input, output: join(folder, 'api.mp4'), preset: 'abpn', scale: 2, models, precision: 'int8', workers: 1 };
await writeFile(
  program,
  `import { runSession } from ${JSON.stringify(fileURLToPath(new URL('../../dist/index.js', import.meta.url)))};
  const error = await runSession(${JSON.stringify(request)}, { signal: AbortSignal.timeout(${INSIDE_MS}) }).catch((error) => error);
  console.log(error.code);
  process.exit(7);`,
);
const left = (await readdir(folder)).sort();
const RUN = [input, join(folder, 'out.mp4'), '--preset', 'abpn', '--scale', '2', '--models', models];

test.each([
  ['lower', ['lower', network, join(folder, 'lowered.onnx')]],
  ['doctor', ['doctor', network, '--white', '1']],
  ['a run that measures', RUN],
  ['a run', [...RUN, '--precision', 'int8', '--workers', '1']],
  ['a run in real time', [...RUN, '--precision', 'int8', '--workers', '1', '--realtime']],
])('Ctrl-C ends %s inside a network that never ends', async (_, args) => {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: 'ignore' });
  const ended = exitCodeOf(child);
  await delay(INSIDE_MS);
  expect(child.exitCode).toBeNull();
  const stoppedAt = performance.now();
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(performance.now() - stoppedAt).toBeLessThan(HANGS_MS);
  expect((await readdir(folder)).sort()).toEqual(left);
});

test('a program that uses srvid hears of the interruption while a network never ends, and ends with its own code', async () => {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  expect(await exitCodeOf(child)).toBe(7);
  expect(said).toBe('SRVID_INTERRUPTED\n');
  expect((await readdir(folder)).sort()).toEqual(left);
});
