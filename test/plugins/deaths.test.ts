import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runSession, type SrvidError } from '../../dist/index.js';
import { ONNX_RUNTIME } from '../../dist/plugins/inference/backend.js';
import { planChain } from '../../dist/plugins/plan/groups.js';
import { LevelHost } from '../../dist/plugins/workers/level-host.js';
import { endOf, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { loadChain } from '../helpers/plugins.js';
import { RelayCommand } from '../helpers/relay-command.js';

const FORMAT = { kind: 'gray', width: 8, height: 4 } as const;
const WAYS = [
  ['throw', /from a timer/],
  ['rejection', /nobody caught it/],
  ['exit', /process\.exit\(1\)/],
  ['leave', /ended with code 0/],
] as const;
const DEATHS = 20;
const PLUGIN = fileURLToPath(new URL('../fixtures/plugins/dies-between.js', import.meta.url));
const folder = await temporaryFolder();
const logOf = async (name: string) => {
  const log = join(folder, `${name}.log`);
  await writeFile(log, '');
  return log;
};
const deathsIn = async (log: string) => (await readFile(log, 'utf8')).split('\n').length - 1;
const input = join(folder, 'in.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=20', '-pix_fmt', 'yuv420p', input);

test.each(WAYS)('a worker that dies between two tasks by %s costs the next task, each time, and the one after is done', async (way, reason) => {
  const host = new LevelHost({
    groups: planChain(FORMAT, await loadChain([`./dies-between.js?way=${way}&wait=20`])),
    models: [],
    origin: { color: {}, timeBase: { num: 1, den: 25 } },
    precision: 'auto',
    inference: { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 },
    workers: 1,
    slots: { input: 1, output: 1 },
    taskTimeoutMs: 10_000,
  });
  onTestFinished(() => host.close());
  await host.open();
  const task = { input: host.input.take(), output: host.output.take(), pts: 0 };
  for (let death = 0; death < DEATHS; death++) {
    // The plugin's timer is to go off between two tasks. Where it comes early or late, on a busy machine, it takes one of them along.
    const early = await host.run(0, task).then(
      () => delay(60),
      (error: SrvidError) => error,
    );
    const error = early ?? (await failureOf(() => host.run(0, task)));
    expect(error.code).toBe('SRVID_WORKER_FAILED');
    expect(error.message).toMatch(reason);
  }
});

describe.each(WAYS.slice(0, 3).map(([way]) => way))('twenty workers that die by %s', (way) => {
  test('cost a file no frame', async () => {
    const log = await logOf(`file-${way}`);
    const plugin = `${PLUGIN}?way=${way}&after=2&wait=0&deaths=${DEATHS}&log=${encodeURIComponent(log)}`;
    const result = await srvid([input, join(folder, `${way}.mp4`), '--preset', 'bicubic', '--plugin', plugin, '--workers', '1', '--json']);
    expect(endOf(result)).toMatchObject({ framesIn: 500, framesOut: 500 });
    expect(result.code).toBe(0);
    expect(await deathsIn(log)).toBe(DEATHS);
  });

  test('cost real time some frames by the policy, and the run goes on', async () => {
    const log = await logOf(`live-${way}`);
    const plugin = `${PLUGIN}?way=${way}&after=2&wait=0&deaths=${DEATHS}&log=${encodeURIComponent(log)}`;
    const args = [input, join(folder, `live-${way}.mp4`), '--preset', 'bicubic', '--plugin', plugin, '--workers', '2', '--realtime', '--json'];
    const result = await srvid(args);
    expect(result.code).toBe(0);
    expect(endOf(result)).toMatchObject({ framesIn: 500 });
    expect(await deathsIn(log)).toBe(DEATHS);
  });

  test('cost a program that uses srvid no frame', async () => {
    const log = await logOf(`api-${way}`);
    const plugins = [{ use: PLUGIN, options: { way, after: 2, wait: 0, deaths: DEATHS, log } }];
    const request = { input, output: join(folder, `api-${way}.mp4`), preset: 'bicubic', plugins, workers: 1 };
    expect(await runSession(request)).toMatchObject({ framesIn: 500, framesOut: 500 });
    expect(await deathsIn(log)).toBe(DEATHS);
  });

  test('cost one stream of a relay some frames, and the other none', async () => {
    const log = await logOf(`relay-${way}`);
    const stream = { input, loop: true, preset: 'bicubic', workers: 1, budgetMs: 1000 };
    const plugins = [{ use: PLUGIN, options: { way, after: 2, wait: 0, deaths: DEATHS, log } }];
    const config = join(folder, `relay-${way}.json`);
    await writeFile(config, JSON.stringify({ version: 1, streams: { dying: { ...stream, plugins }, well: stream } }));
    const relay = await RelayCommand.start('--config', config);
    const [dying, well] = [relay.listen('/live/dying'), relay.listen('/live/well')];
    await expect.poll(() => deathsIn(log), { timeout: 90_000, interval: 200 }).toBe(DEATHS);
    for (const viewer of [dying, well]) {
      const seen = viewer.binaries.length;
      await viewer.until(({ binaries }) => binaries.length > seen + 5);
      expect(viewer.closed).toBeUndefined();
    }
    expect(await relay.json('/health')).toMatchObject({ streams: { well: 'live' } });
    expect(await relay.stop()).toBe(0);
  });
});

test('no ffmpeg outlives a relay that is killed while it waits for a source', async () => {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  const source = `srt://127.0.0.1:${port}?mode=listener`;
  const relay = await RelayCommand.start(source);
  await expect.poll(() => relay.children(`${port}`), { timeout: 30_000 }).toHaveLength(1);
  const [listening] = await relay.children(`${port}`);
  relay.child.kill('SIGKILL');
  await expect.poll(() => readFile(`/proc/${listening}/cmdline`, 'utf8').catch(() => ''), { timeout: 30_000 }).toBe('');
});
