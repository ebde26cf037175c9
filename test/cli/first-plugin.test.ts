import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { srvid } from '../helpers/command.js';
import { ffmpeg, rawFrames, temporaryFolder } from '../helpers/media.js';
import { superResolver } from '../helpers/own-networks.js';
import { pam } from '../helpers/pam.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(ROOT, 'docs/plugins.md'), 'utf8');
const run = promisify(execFile);

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The blocks of code in a part of the page. */
function blocksIn(part: string): Block[] {
  return [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({ language: language as string, text: text as string }));
}

/** The commands of a block, without remarks. */
function commandsOf({ text }: Block): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter(Boolean);
}

const [, first = '', rest = ''] = /^## The first one[^\n]*\n([\s\S]*?)^While you work([\s\S]*)/m.exec(page) ?? [];
let folder = '';
let installed: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  folder = await temporaryFolder();
  const prefix = join(folder, 'global');
  await mkdir(prefix, { recursive: true });
  // Packages that are already on this machine are not fetched again.
  const npm = {
    npm_config_prefix: prefix,
    npm_config_prefer_offline: 'true',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
  };
  installed = { ...process.env, ...npm, PATH: `${join(prefix, 'bin')}${delimiter}${process.env['PATH']}`, NODE_PATH: '' };
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: ROOT, env: installed });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  await run('npm', ['install', '-g', '--ignore-scripts', `./${filename}`], { cwd: folder, env: installed });
}, 180_000);

test('a new author gets from nothing to an installed plugin by the commands of the page, fewer than ten', async () => {
  const home = join(folder, 'home');
  await mkdir(home);
  await ffmpeg('-f', 'lavfi', '-i', 'color=white:s=32x24:r=25:d=0.2', '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', '-f', 'matroska', join(home, 'in.mp4'));
  let cwd = home;
  let count = 0;
  let said = '';
  for (const block of blocksIn(first)) {
    if (block.language === 'ts') {
      const source = join(cwd, 'src/index.ts');
      const before = await readFile(source, 'utf8');
      const after = before.replace(/^export function effect\([\s\S]*?^\}\n/m, block.text);
      expect(after).not.toBe(before);
      await writeFile(source, after);
      continue;
    }
    expect(block.language).toBe('sh');
    for (const command of commandsOf(block)) {
      count++;
      const { stdout, stderr } = await run('sh', ['-ec', `${command}\npwd > ${join(folder, 'cwd')}`], { cwd, env: installed });
      cwd = (await readFile(join(folder, 'cwd'), 'utf8')).trim();
      if (command === 'npm test') said = stdout + stderr;
    }
  }
  expect(count).toBeLessThan(10);
  expect(said).toMatch(/pass 3\b/);
  expect(said).toMatch(/fail 0\b/);
  // White, 235, nine tenths of the way to its negative.
  for (const output of ['out.mp4', 'again.mp4']) {
    const luma = await rawFrames(join(home, output), 'gray', 'format=yuv420p,extractplanes=y');
    expect(luma.length).toBe(5 * 64 * 48);
    expect(Math.abs((luma[32 * 24] as number) - 38)).toBeLessThanOrEqual(3);
  }
}, 180_000);

test('every other command of the page runs, and every other piece of code is a file that runs or is run here', async () => {
  const home = join(folder, 'examples');
  await cp(join(ROOT, 'examples/plugins'), home, { recursive: true });
  await writeFile(join(home, 'x2.onnx'), superResolver({ depth: 1, width: 4 }));
  // As npm link does it.
  await mkdir(join(home, 'node_modules'));
  await symlink(ROOT, join(home, 'node_modules/srvid'), 'dir');
  await writeFile(join(home, 'logo.pam'), pam(8, 6, [255, 0, 0, 255]));
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=0.12', '-pix_fmt', 'yuv420p', join(home, 'in.mp4'));
  const examples = await Promise.all(
    ['sharpen.js', 'blend.js', 'signed.json', 'own-network.json'].map((name) => readFile(join(ROOT, 'examples/plugins', name), 'utf8')),
  );
  for (const block of blocksIn(rest)) {
    if (block.language === 'sh') {
      for (const command of commandsOf(block)) {
        // Watching has no end, and a test of its own.
        const words = command.split(' ').map((word) => word.replaceAll("'", ''));
        expect(words[0]).toBe('srvid');
        if (words.includes('--watch')) continue;
        const { code, stderr } = await srvid(words.slice(1), { cwd: home });
        expect(code, `${command}\n${stderr}`).toBe(0);
      }
    } else if (block.text.includes('node:test')) {
      const test = join(home, 'page.test.mjs');
      await writeFile(test, block.text);
      await run('node', ['--test', test], { cwd: home, env: { ...installed, NODE_PATH: '' } });
    } else expect(examples).toContain(block.text);
  }
}, 120_000);
