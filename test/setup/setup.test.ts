import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { versionFault } from '../../scripts/setup/ffmpeg.mjs';
import { modifiedAt, newestIn } from '../../scripts/setup/modified-at.mjs';
import { checkPlatform } from '../../scripts/setup/platform.mjs';

/** The part of scripts/setup.mjs that the environment decides; the other parts would change this checkout. */
const ENSURE = `import { ensureFfmpeg } from ${JSON.stringify(new URL('../../scripts/setup/ffmpeg.mjs', import.meta.url).href)};
await ensureFfmpeg(console.log).catch((error) => { console.error(error.message); process.exitCode = 1; });`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'srvid-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('platform', () => {
  test('an older Node is refused with what was found and what is needed', () => {
    expect(() => checkPlatform('18.20.4', 'linux/x64')).toThrow(/needs Node 20 or newer, but this is Node 18\.20\.4/);
    expect(() => checkPlatform('20.0.0', 'linux/x64')).not.toThrow();
  });

  test('a system without an ONNX Runtime library is refused', () => {
    expect(() => checkPlatform('22.1.0', 'darwin/x64')).toThrow(/this is darwin\/x64/);
  });
});

describe('ffmpeg', () => {
  test.each([
    ['ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026', undefined],
    ['ffmpeg version n7.1 Copyright (c) 2000-2024', undefined],
    ['ffmpeg version N-118000-g1234567 Copyright (c) 2000-2025', undefined],
    ['ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright (c) 2000-2021', 'Found ffmpeg 4.4, but srvid needs 5.1 or newer.'],
    ['ffmpeg version 5.0 Copyright (c) 2000-2022', 'Found ffmpeg 5.0, but srvid needs 5.1 or newer.'],
  ])('%s', (banner, fault) => {
    expect(versionFault(banner, 'ffmpeg')).toBe(fault);
  });

  test('a wrong FFMPEG_PATH is named and nothing is installed', () => {
    const { status, stderr } = ensureFfmpeg({ FFMPEG_PATH: '/nowhere/ffmpeg' });
    expect(stderr).toContain('There is no /nowhere/ffmpeg. FFMPEG_PATH or FFPROBE_PATH is set');
    expect(status).toBe(1);
  });

  // Its own PATH holds a stand-in for the package manager, so nothing is installed and root is not needed.
  test.skipIf(process.platform !== 'linux')('a missing one is installed with the package manager of the system', () => {
    for (const program of ['sh', 'env', 'true', 'cp', 'chmod']) symlinkSync(which(program), join(folder, program));
    program('sudo', 'shift; exec "$@"');
    program('fake-ffmpeg', 'echo ffmpeg version 6.1');
    program('apt-get', `[ "$1" = install ] || exit 0; for name in ffmpeg ffprobe; do cp ${folder}/fake-ffmpeg ${folder}/$name; done`);
    const { status, stdout, stderr } = ensureFfmpeg({ PATH: folder });
    expect(stdout).toMatch(/There is no ffmpeg\. Installing it: .*apt-get install -y --no-install-recommends ffmpeg/);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test.skipIf(process.platform !== 'linux')('where no package manager is known, says where to get it', () => {
    const { status, stderr } = ensureFfmpeg({ PATH: folder });
    expect(stderr).toContain('There is no ffmpeg. Install ffmpeg 5.1 or newer from https://ffmpeg.org');
    expect(status).toBe(1);
  });
});

describe('staleness', () => {
  test('a missing file is older than any other', () => {
    expect(modifiedAt(join(folder, 'missing'))).toBe(0);
  });

  test('the newest change in a folder is seen at any depth, and so is a deleted file', () => {
    const inner = join(folder, 'a', 'b');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'file'), '');
    for (const path of [join(inner, 'file'), inner, join(folder, 'a'), folder]) utimesSync(path, 1000, 1000);
    expect(newestIn(folder)).toBe(1_000_000);
    utimesSync(join(inner, 'file'), 2000, 2000);
    expect(newestIn(folder)).toBe(2_000_000);
    rmSync(join(inner, 'file'));
    expect(newestIn(folder)).toBeGreaterThan(2_000_000);
  });
});

function ensureFfmpeg(env: NodeJS.ProcessEnv) {
  const { FFMPEG_PATH, FFPROBE_PATH, ...rest } = process.env;
  return spawnSync(process.execPath, ['--input-type=module', '-e', ENSURE], { env: { ...rest, ...env }, encoding: 'utf8' });
}

function which(program: string): string {
  return spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' })
    .stdout.trim()
    .replace(/^true$/, '/bin/true');
}

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}
