import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis } from '../../bench/redis-server.mjs';
import { findFfmpeg } from '../../dist/pipeline/ffmpeg/binary.js';
import { COMMAND, endOf, exitCodeOf, srvid } from '../helpers/command.js';
import { ffmpeg, ffprobe, frameHashes, lavfi, packetHashes, temporaryFolder } from '../helpers/media.js';
import { type S3Server, startS3 } from '../helpers/s3.js';

const WORKER = fileURLToPath(new URL('../fixtures/queue-worker.mjs', import.meta.url));
const HOW = ['--preset', 'bicubic', '--encoder', 'ffv1', '--json'];
const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
let redis: Awaited<ReturnType<typeof startRedis>>;
let s3: S3Server;

/** Eight seconds with a keyframe each second, B-frames between, and sound; and the result of a run in one piece. */
beforeAll(async () => {
  [redis, s3] = await Promise.all([startRedis(at('redis')), startS3(at('s3'), 'pieces')]);
  await mkdir(at('share'));
  await ffmpeg(...lavfi('testsrc2=s=64x48:r=25:d=8'), ...lavfi('sine=d=8'), '-c:v', 'libx264', '-g', '25', '-bf', '2', '-c:a', 'aac', at('in.mkv'));
  expect((await srvid([at('in.mkv'), at('plain.mkv'), ...HOW, '--no-resume'])).code).toBe(0);
});
afterAll(async () => {
  await Promise.all([redis.stop(), s3.stop()]);
});

/** Starts a process that serves the queue, and waits until it does. */
async function serving(args: readonly string[], word: string): Promise<{ readonly child: ChildProcess; readonly said: () => string }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...s3.env } });
  let text = '';
  await new Promise<void>((ready, fail) => {
    const hear = (chunk: Buffer) => {
      text += chunk;
      if (text.includes(word)) ready();
    };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', hear);
    child.once('exit', () => fail(new Error(text)));
  });
  return { child, said: () => text };
}

/** Frames, times, sound of a result: equal to those of the run in one piece. */
async function expectLikePlain(output: string): Promise<void> {
  expect(await frameHashes(output)).toEqual(await frameHashes(at('plain.mkv')));
  expect(await packetHashes(output, 'a:0')).toEqual(await packetHashes(at('plain.mkv'), 'a:0'));
  const times = (path: string) => ffprobe(path, '-show_entries', 'packet=stream_index,pts,dts,duration');
  expect(await times(output)).toEqual(await times(at('plain.mkv')));
}

test('two workers make the segments of a video by a queue and a bucket, the result is that of one piece, and both end by Ctrl-C', async () => {
  const share = ['--queue', redis.url, '--share', 's3://pieces/videos'];
  const workers = await Promise.all([0, 1].map(() => serving([COMMAND, 'worker', ...share], 'ready for segments')));
  const result = await srvid([at('in.mkv'), at('two.mkv'), ...HOW, ...share, '--segment', '1', '--priority', '3'], { env: s3.env });
  expect(endOf(result)).toMatchObject({ framesIn: 200, framesOut: 200 });
  await expectLikePlain(at('two.mkv'));
  for (const { child, said } of workers) {
    const code = exitCodeOf(child);
    child.kill('SIGINT');
    expect(await code).toBe(0);
    expect(said()).toMatch(/segment \d of 8, .*two\.mkv: 25 frames in \d+\.\d s/);
  }
}, 120_000);

test('a worker that is killed costs the segment that it was at, and no other', async () => {
  const { version } = await findFfmpeg();
  const start = async (name: string) => {
    await mkdir(at(name));
    return serving([WORKER, redis.url, at('share'), at(name), version], 'ready');
  };
  const [victim, other] = await Promise.all([start('victim'), start('other')]);
  let killed = false;
  victim.child.stdout?.on('data', () => {
    if (killed || (victim.said().match(/made/g)?.length ?? 0) < 2) return;
    killed = true;
    victim.child.kill('SIGKILL');
  });
  const result = await srvid([at('in.mkv'), at('killed.mkv'), ...HOW, '--queue', redis.url, '--share', at('share'), '--segment', '1']);
  expect(endOf(result)).toMatchObject({ framesOut: 200 });
  expect(killed).toBe(true);
  await expectLikePlain(at('killed.mkv'));
  const made = `${victim.said()}${other.said()}`.match(/^made .*$/gm) ?? [];
  expect([made.length, new Set(made).size]).toEqual([9, 8]);
  expect(await readdir(at('share'))).toEqual([]);
  const ended = once(other.child, 'exit');
  other.child.kill('SIGKILL');
  await ended;
}, 120_000);

test('Redis that is killed and started again in the middle of a video costs no segment, and submitter and worker wait for it', async () => {
  const share = ['--queue', redis.url, '--share', at('share')];
  const { child, said } = await serving([COMMAND, 'worker', ...share], 'ready for segments');
  let restarted: Promise<void> | undefined;
  const result = await srvid([at('in.mkv'), at('restarted.mkv'), ...HOW, ...share, '--segment', '1'], {
    onStart: ({ stdout }) =>
      stdout?.on('data', (chunk: Buffer) => {
        if (/"done":[2-9]/.test(chunk.toString())) restarted ??= redis.restart();
      }),
  });
  expect(endOf(result)).toMatchObject({ framesIn: 200, framesOut: 200 });
  expect(restarted).toBeDefined();
  await restarted;
  await expectLikePlain(at('restarted.mkv'));
  const code = exitCodeOf(child);
  child.kill('SIGTERM');
  expect(await code).toBe(0);
  expect(said()).toContain('segment 8 of 8');
}, 120_000);

test.each([
  [['in.mkv', 'x.mkv', '--queue', 'redis://127.0.0.1'], '--queue needs --share'],
  [['in.mkv', 'x.mkv', '--share', 'share'], 'give --queue, too'],
  [['worker', '--queue', 'redis://127.0.0.1'], 'needs --queue and --share'],
  [['worker', '--queue', 'http://127.0.0.1', '--share', 'share'], 'is not the address of a Redis server'],
])('%j is refused at once', async (args, said) => {
  const { code, stderr } = await srvid(args, { cwd: folder });
  expect(stderr).toContain(said);
  expect(code).toBe(2);
});

test('without the packages of the queue the command says what to install', async () => {
  // A Node that finds no packages beside srvid's own: the loader refuses these two.
  await writeFile(
    at('none.mjs'),
    'export const resolve = (name, context, next) => { if (/^(bullmq|ioredis)$/.test(name)) throw new Error(name); return next(name, context); };',
  );
  await writeFile(at('register.mjs'), 'import { register } from "node:module"; register(new URL("./none.mjs", import.meta.url));');
  const env = { NODE_OPTIONS: `--import ${at('register.mjs')}` };
  const { code, stderr } = await srvid(['worker', '--queue', redis.url, '--share', at('share')], { env });
  expect(stderr).toContain('npm install -g bullmq ioredis. [SRVID_PACKAGE_MISSING]');
  expect(code).toBe(2);
});
