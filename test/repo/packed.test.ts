import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../helpers/media.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);

/** The packed package in an empty project, and of all others only its dependencies and the types of Node. */
beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, maxBuffer: 1 << 24 });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await mkdir(at('node_modules'));
  await run('tar', ['-xzf', filename], { cwd: folder });
  await run('mv', ['package', 'node_modules/srvid'], { cwd: folder });
  const { dependencies } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  for (const name of [...Object.keys(dependencies), '@types/node']) {
    await mkdir(dirname(at(`node_modules/${name}`)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), at(`node_modules/${name}`));
  }
});

const USE = `
const frame = { format: 'gray', width: 16, height: 16, data: new Uint8Array(256), pts: 0, timeBase: { num: 1, den: 25 } };
async function use({ upscale }, { definePlugin }, { mountRelay }) {
  const sizes = [];
  for await (const { width, height } of upscale([frame], { preset: 'bicubic', scale: 3 })) sizes.push(width + 'x' + height);
  console.log(sizes.join(), typeof definePlugin, typeof mountRelay);
}
`;

test('the packed package works from plain JavaScript, and from CommonJS by require and by import', async () => {
  await writeFile(
    at('use.mjs'),
    `import * as a from 'srvid';\nimport * as b from 'srvid/plugin';\nimport * as c from 'srvid/relay';\n${USE}await use(a, b, c);\n`,
  );
  await writeFile(at('require.cjs'), `${USE}use(require('srvid'), require('srvid/plugin'), require('srvid/relay'));\n`);
  await writeFile(at('import.cjs'), `${USE}(async () => use(await import('srvid'), await import('srvid/plugin'), await import('srvid/relay')))();\n`);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const hasRequire = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
  for (const file of ['use.mjs', 'import.cjs', ...(hasRequire ? ['require.cjs'] : [])]) {
    const { stdout, stderr } = await run(process.execPath, [file], { cwd: folder });
    expect([file, stdout.trim(), stderr]).toEqual([file, '48x48 function function', '']);
  }
});

test('the packed package compiles with strict TypeScript, without DOM types and with the types of libraries checked', async () => {
  await writeFile(
    at('use.mts'),
    `import { upscale, runSession, type InputFrame, type OutputFrame, type SessionRequest, SrvidError } from 'srvid';
import { definePlugin, type Frame } from 'srvid/plugin';
import { mountRelay, serveRelay } from 'srvid/relay';

export const plugin = definePlugin({ name: 'same', apiVersion: 1, planes: 'y', halo: 0, process: (frame: Frame) => frame });
export async function* doubled(frames: AsyncIterable<InputFrame>): AsyncGenerator<OutputFrame> {
  yield* upscale(frames, { preset: 'swift', scale: 2, plugins: ['./x.js?a=1', new URL('file:///x.js'), { use: 'bicubic', options: { width: 8 } }] });
}
export const request: SessionRequest = { input: 'a', output: 'b', crf: 20, encoderOptions: { preset: 'slow', g: 50 } };
export const written = upscale(doubled(doubled((async function* (): AsyncGenerator<InputFrame> {})()))).toFile('x.mp4', { crf: 20 });
export const relays = [serveRelay({ streams: { main: { input: 'push' } } }), mountRelay({ path: '/', streams: {} }), runSession(request)];
export const code = (error: unknown) => (error instanceof SrvidError ? error.code : undefined);
// @ts-expect-error an option of the output has no place here
upscale('a', { crf: 20 });
// @ts-expect-error a stream has no name to tell its kind by
upscale('a').toStream(process.stdout, {});
`,
  );
  const options = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: 'es2022', lib: ['es2023'], module: 'nodenext', types: ['node'] };
  await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions: { ...options, skipLibCheck: false }, files: ['use.mts'] }));
  const { stdout } = await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]).catch((error) => error as { stdout: string });
  expect(stdout).toBe('');
});
