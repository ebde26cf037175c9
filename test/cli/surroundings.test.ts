import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runSession } from '../../dist/index.js';
import { srvid } from '../helpers/command.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const FAULTY = fileURLToPath(new URL('../fixtures/processes/faulty-ffmpeg.sh', import.meta.url));
const bicubic = ['--preset', 'bicubic'];
const folder = await temporaryFolder();
const picture = (size: string, ...rest: string[]) => ffmpeg('-f', 'lavfi', '-i', `testsrc=s=${size}:r=25:d=2`, '-pix_fmt', 'yuv420p', ...rest);
await picture('96x64', join(folder, 'good.mp4'));
await picture('320x180', '-movflags', '+faststart', '-g', '50', join(folder, 'whole.mp4'));
const untouched = (await readdir(folder)).sort();

describe('an ffmpeg that hangs', () => {
  it.each(['decoder', 'encoder'])('as %s is given up after the stall time', async (role) => {
    const before = { ...process.env };
    Object.assign(process.env, { FFMPEG_PATH: FAULTY, FAULT: `${role}-hangs`, REAL_FFMPEG: FFMPEG });
    try {
      const output = join(folder, 'hung.mp4');
      const error = await runSession({ input: join(folder, 'whole.mp4'), output, preset: 'bicubic', scale: 8, stallTimeoutMs: 1500 }).catch(
        (caught: unknown) => caught,
      );
      expect(error).toMatchObject({
        code: role === 'decoder' ? 'SRVID_DECODE_FAILED' : 'SRVID_ENCODE_FAILED',
        message: expect.stringContaining('no data for 1.5 s'),
      });
      expect((await readdir(folder)).sort()).toEqual(untouched);
    } finally {
      process.env = before;
    }
  });
});

describe('a disk that is full', () => {
  it('ends the run, and what was written is taken away', async () => {
    const small = join(folder, '..', `srvid-small-disk-${process.pid}`);
    await mkdir(small);
    let mounted = false;
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Without the right to mount, a device that is always full stands in for the disk.
    }
    const output = mounted ? join(small, 'o.mkv') : '/dev/full';
    try {
      if (mounted) {
        const result = await srvid([join(folder, 'good.mp4'), output, ...bicubic, '--scale', '8', '--crf', '1']);
        expect(result.code).toBe(1);
        expect(result.stderr).toMatch(/No space left|SRVID_ENCODE_FAILED/);
        expect(await readdir(small)).toEqual([]);
      } else {
        const child = await srvid(['good.mp4', '-', '--format', 'matroska', ...bicubic], { cwd: folder, stdout: output });
        expect(child.code).toBe(1);
        expect(child.stderr).toContain('SRVID_ENCODE_FAILED');
      }
    } finally {
      if (mounted) execFileSync('umount', [small]);
    }
  });
});

describe('names that mean something to others', () => {
  it.each([
    'with space.mp4',
    "quote'.mp4",
    'double".mp4',
    'percent%d.mp4',
    '-leading.mp4',
    'co:lon.mp4',
    'new\nline.mp4',
    'häßlich-日本.mp4',
    'a|b.mp4',
    '[x],y;z.mp4',
    '$(id).mp4',
  ])('%j is a file like any other, in and out', async (name) => {
    const place = join(folder, '..', `srvid-names-${process.pid}`);
    await mkdir(place, { recursive: true });
    await copyFile(join(folder, 'good.mp4'), join(place, name));
    const output = `out-${name.replace(/^-/, '')}`;
    const result = await srvid(['-y', '-q', ...bicubic, '--duration', '0.2', '--', name, output], { cwd: place });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect((await readFile(join(place, output))).length).toBeGreaterThan(1000);
  });
});
