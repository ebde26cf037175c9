import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PluginHost } from '../../../dist/plugins/workers/host.js';
import { failureOf } from '../../helpers/errors.js';
import { temporaryFolder } from '../../helpers/media.js';
import { feed, hostFor, through } from '../../helpers/plugins.js';
import { randomBytes } from '../../helpers/random.js';

const folder = await temporaryFolder();
const FORMAT = { kind: 'gray', width: 8, height: 4 } as const;
const picture = randomBytes(1, 32);
const inverted = picture.map((value) => 255 - value);

async function opened(spec: string, options: { workers?: number; taskTimeoutMs?: number } = {}): Promise<PluginHost> {
  const host = await hostFor([spec], FORMAT, options);
  onTestFinished(() => host.close());
  await host.open();
  return host;
}

test('work is done on as many threads as there are workers', async () => {
  const host = await opened('./misbehave.js', { workers: 2 });
  expect(host.stages[0]?.concurrency).toBe(2);
  const results = await Promise.all([2, 3, 4].map((sequence) => through(host, picture, sequence)));
  for (const result of results) expect(result).toEqual(inverted);
});

test.each([
  ['crash', 5000, /died: plugin misbehave threw in a timer or a promise that it had left behind in process at frame 1 with pts 1: from outside/],
  // Long enough for another to open itself, which is a part of its first task.
  ['hang', 5000, /did not answer within 5000 ms/],
  ['spin', 5000, /did not answer within 5000 ms/],
])('a worker that fails by %s is an error within the time limit, and the next frame is done by another', async (way, taskTimeoutMs, message) => {
  const host = await opened(`./misbehave.js?way=${way}`, { taskTimeoutMs });
  const error = await failureOf(() => through(host, picture, 1));
  expect(error.code).toBe('SRVID_WORKER_FAILED');
  expect(error.message).toMatch(message);
  expect(await through(host, picture, 2)).toEqual(inverted);
  expect(host.rings.map((ring) => ring.inUse)).toEqual([0, 0]);
});

test('a frame whose worker died once is done by another worker, and nothing is lost', async () => {
  const host = await opened(`./misbehave.js?way=crash&once=${encodeURIComponent(join(folder, 'once'))}`, { workers: 2 });
  expect(await through(host, picture, 1)).toEqual(inverted);
});

test('a plugin that throws ends neither its worker nor the pool', async () => {
  const host = await opened('./misbehave.js?way=throw');
  const error = await failureOf(() => through(host, picture, 1));
  expect(error.code).toBe('SRVID_PLUGIN_FAILED');
  expect(error.message).toMatch(/misbehave failed in process at frame \d+ with pts 1 \(0.040 s\): as it was told/);
  expect(error.details).toMatchObject({ plugin: 'misbehave', step: 'process', pts: 1 });
  expect(String(error.cause)).toContain('as it was told');
  expect(await through(host, picture, 2)).toEqual(inverted);
});

test.each([
  ['exit-0', /process.exit\(0\)/],
  ['exit-1', /process.exit\(1\)/],
  ['post', /posted a message/],
])('a plugin that would break its thread by %s is stopped from it, and told so', async (way, message) => {
  const host = await opened(`./misbehave.js?way=${way}`);
  const error = await failureOf(() => through(host, picture, 1));
  expect(error.code).toBe('SRVID_PLUGIN_FAILED');
  expect(error.message).toMatch(message);
  expect(await through(host, picture, 2)).toEqual(inverted);
});

test('answers belong to their tasks, in whatever order the threads give them', async () => {
  const host = await opened('./misbehave.js', { workers: 2 });
  const pictures = Array.from({ length: 4 }, (_, index) => randomBytes(index, 32));
  const results = await Promise.all(pictures.map((bytes, index) => through(host, bytes, index + 2)));
  expect(results).toEqual(pictures.map((bytes) => bytes.map((value) => 255 - value)));
});

test('closing waits for a task that runs', async () => {
  const host = await hostFor(['./misbehave.js'], FORMAT);
  await host.open();
  const running = through(host, picture, 2);
  await host.close();
  expect(await running).toEqual(inverted);
});

test('closing settles a task that never answers, within the time limit', async () => {
  const host = await hostFor(['./misbehave.js?way=hang'], FORMAT, { taskTimeoutMs: 2000 });
  await host.open();
  const running = failureOf(() => through(host, picture, 1));
  await host.close();
  expect((await running).code).toMatch(/^SRVID_(WORKER_FAILED|INTERRUPTED)$/);
});

test('closing refuses tasks that wait for a worker, and later ones', async () => {
  const host = await hostFor(['./misbehave.js?way=hang'], FORMAT, { taskTimeoutMs: 2000 });
  await host.open();
  const running = failureOf(() => through(host, picture, 1));
  const waiting = failureOf(() => through(host, picture, 2));
  await host.close();
  expect((await waiting).code).toBe('SRVID_INTERRUPTED');
  await running;
  expect((await failureOf(() => through(host, picture, 3))).code).toBe('SRVID_INTERRUPTED');
});

test('closing twice, and before opening, is allowed', async () => {
  const host = await hostFor(['./misbehave.js'], FORMAT);
  await Promise.all([host.close(), host.close()]);
  await host.close();
});

test.each([
  ['throw', /bad-start failed in init: no licence/],
  ['exit', /bad-start failed in init: a plugin called process.exit\(1\)/],
])('a plugin that does not come up (%s) is told before the first frame', async (way, message) => {
  const host = await hostFor([`./bad-start.js?way=${way}`], FORMAT, { workers: 2 });
  onTestFinished(() => host.close());
  const error = await failureOf(() => host.open());
  expect(error.code).toBe('SRVID_PLUGIN_FAILED');
  expect(error.message).toMatch(message);
});

test('a frame that failed gives its slot of the result back', async () => {
  const host = await opened('./misbehave.js?way=throw');
  const ticket = feed(host, picture, 1);
  for (let times = 0; times < 10; times++) await failureOf(() => host.stages[0]?.process(ticket, [ticket]));
  expect(host.rings[1]?.inUse).toBe(0);
});
