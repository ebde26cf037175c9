import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { runSession } from '../../dist/index.js';
import { planChain } from '../../dist/plugins/plan/groups.js';
import { LevelHost } from '../../dist/plugins/workers/level-host.js';
import { endOf, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { loadChain } from '../helpers/plugins.js';

const FORMAT = { kind: 'gray', width: 8, height: 4 } as const;
const WAYS = [
  ['throw', /from a timer/],
  ['rejection', /nobody caught it/],
  ['exit', /process\.exit\(1\)/],
  ['leave', /ended with code 0/],
] as const;
const DEATHS = 5;
const PLUGIN = fileURLToPath(new URL('../fixtures/plugins/dies-between.js', import.meta.url));
const folder = await temporaryFolder();
const input = join(folder, 'in.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=2', '-pix_fmt', 'yuv420p', input);

test.each(WAYS)('a worker that dies between two tasks by %s costs the next task, each time, and the one after is done', async (way, reason) => {
  const host = new LevelHost({
    segments: planChain(FORMAT, await loadChain([`./dies-between.js?way=${way}`])),
    models: [],
    origin: { color: {}, timeBase: { num: 1, den: 25 } },
    precision: 'auto',
    inference: { device: 'cpu', threads: 1 },
    workers: 1,
    slots: { input: 1, output: 1 },
    taskTimeoutMs: 10_000,
  });
  onTestFinished(() => host.close());
  await host.open();
  const task = { input: host.input.take(), output: host.output.take(), pts: 0 };
  for (let death = 0; death < DEATHS; death++) {
    await host.run(0, task);
    await delay(60); // The plugin's timer is to go off between two tasks; where it comes late, it takes the next one along.
    const error = await failureOf(() => host.run(0, task));
    expect(error.code).toBe('SRVID_WORKER_FAILED');
    expect(error.message).toMatch(reason);
  }
});

test.each(WAYS.slice(0, 3))('in a file no frame is lost by workers that die between tasks by %s', async (way) => {
  const plugin = `${PLUGIN}?way=${way}&after=10`;
  const result = await srvid([input, join(folder, `${way}.mp4`), '--preset', 'bicubic', '--plugin', plugin, '--workers', '1', '--json']);
  expect(endOf(result)).toMatchObject({ framesIn: 50, framesOut: 50 });
  expect(result.code).toBe(0);
});

test('in real time such frames end by the policy, and the run goes on', async () => {
  const plugin = `${PLUGIN}?way=throw&after=10`;
  const result = await srvid([input, join(folder, 'live.mp4'), '--preset', 'bicubic', '--plugin', plugin, '--workers', '2', '--realtime', '--json']);
  expect(result.code).toBe(0);
  expect(endOf(result)).toMatchObject({ framesIn: 50 });
});

test('a program that uses srvid goes on', async () => {
  const request = {
    input,
    output: join(folder, 'api.mp4'),
    preset: 'bicubic',
    plugins: [{ use: PLUGIN, options: { way: 'rejection', after: 10 } }],
    workers: 1,
  };
  expect(await runSession(request)).toMatchObject({ framesIn: 50, framesOut: 50 });
});
