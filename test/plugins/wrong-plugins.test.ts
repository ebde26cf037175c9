import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import type { SrvidError } from '../../dist/errors.js';
import { type PluginLogEntry, runSession, type SessionRequest, type Summary } from '../../dist/index.js';
import { endOf, srvid } from '../helpers/command.js';
import { ffmpeg, frameHashes, temporaryFolder } from '../helpers/media.js';

const FRAMES = 10;
const wrong = (name: string) => fileURLToPath(new URL(`../fixtures/wrong-plugins/${name}.js`, import.meta.url));
let [folder, input] = ['', ''];

beforeAll(async () => {
  folder = await temporaryFolder();
  input = join(folder, 'in.mkv');
  // No frame equals the one before it.
  await ffmpeg('-f', 'lavfi', '-i', `mandelbrot=s=64x48:r=25:end_pts=10,trim=end_frame=${FRAMES}`, '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
});

interface Outcome {
  readonly error?: SrvidError;
  readonly summary?: Summary;
  readonly log: readonly PluginLogEntry[];
  readonly output: string;
}

/** Runs a session with a wrong plugin behind a resampler, on one worker, and looks what it leaves behind. */
async function runWith(name: string, options: Record<string, unknown> = {}, more: Partial<SessionRequest> = {}): Promise<Outcome> {
  const log: PluginLogEntry[] = [];
  const into = await mkdtemp(join(folder, `${name}-`));
  const plugins = [{ use: wrong(name), options }];
  const request = { input, output: join(into, `${name}.mkv`), preset: 'bicubic', encoder: 'ffv1', workers: 1, plugins, ...more };
  try {
    return { summary: await runSession(request, { onLog: (entry) => log.push(entry) }), log, output: request.output };
  } catch (error) {
    expect(await readdir(into), 'files that the run left behind').toEqual([]);
    return { error: error as SrvidError, log, output: request.output };
  }
}

test.each([
  ['wrong-scale', /^Plugin wrong-scale failed in process at frame 0 .*returned its input, 128x96 .*gives 256x192/],
  ['mutates-input', /^Plugin mutates-input failed in process at frame 0 with pts 0 \(0\.000 s\): it wrote to the frame that it was given/],
  ['wrong-pts', /^Plugin wrong-pts failed in process at frame \d .*read only property 'pts'/],
  ['throws-at-five', /^Plugin throws-at-five failed in process at frame 5 with pts 200 \(0\.200 s\): five is too many/],
  ['exits', /^Plugin exits failed in process at frame 0 .*process\.exit\(0\)/],
])('%s is told with its name, step and frame, and leaves no file', async (name, told) => {
  const { error } = await runWith(name);
  expect(error?.message).toMatch(told);
  expect(error).toMatchObject({ code: 'SRVID_PLUGIN_FAILED', details: { plugin: name, step: 'process', frame: expect.any(Number) } });
});

test('a plugin of another version of the contract is refused before the first frame', async () => {
  expect((await runWith('wrong-version')).error).toMatchObject({
    code: 'SRVID_PLUGIN_INVALID',
    message: expect.stringMatching(/plugin API 2, and this srvid has 1/),
  });
});

test('a plugin that keeps frames is told by what its thread holds', async () => {
  // Buffers that nobody touches take no memory.
  const { error } = await runWith('leaks-frames', { megabytes: 400 });
  expect(error?.message).toMatch(/^Plugin leaks-frames failed in process at frame \d .*holds \d{4} MB in buffers.*keeps frames/);
});

test('an error from a timer is told with the plugin and the frame that left it behind, and costs no frame', async () => {
  const { summary, error, log } = await runWith('throws-later', {}, { workers: 2 });
  const told = /^plugin throws-later threw in a timer or a promise that it had left behind in process at frame \d with pts \d+: too late/;
  expect(log.slice(0, 3).map(({ message }) => message)).toEqual(Array(3).fill(expect.stringMatching(told)));
  expect(log).toHaveLength(3);
  // Where it kills every thread that takes a frame, the run ends.
  if (summary) expect(summary).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES });
  else expect(error?.message).toMatch(/plugin throws-later threw in a timer/);
});

test('after 5 s in one frame people are told, and a promise that never ends is named at its limit, or bypassed', async () => {
  const [failed, bypassed] = await Promise.all([
    runWith('never-resolves', {}, { taskTimeoutMs: 6000 }),
    runWith('never-resolves', {}, { taskTimeoutMs: 1000, duration: 0.08, onPluginError: 'bypass' }),
  ]);
  expect(failed.log).toEqual([
    expect.objectContaining({ plugin: 'never-resolves', level: 'warn', frame: 0, message: 'has worked on frame 0 with pts 0 for 5 s' }),
  ]);
  expect(failed.error?.message).toMatch(/did not answer within 6000 ms, at task "process". Plugin never-resolves was at work at frame 0 with pts 0/);
  expect(bypassed.summary).toMatchObject({ framesOut: 2, outcomes: { sr: 0, bypassed: 2 } });
  expect(bypassed.log.map(({ message }) => message)).toEqual(
    Array(2).fill(expect.stringMatching(/did not answer within 1000 ms.*The frame passes without the plugin/)),
  );
});

test('with bypass a frame passes without the plugin that failed, resampled where the plugin would enlarge', async () => {
  const plain = join(folder, 'plain.mkv');
  await runSession({ input, output: plain, overwrite: true, preset: 'bicubic', encoder: 'ffv1', workers: 1 });
  const { summary, log, output } = await runWith('throws-at-five', {}, { onPluginError: 'bypass' });
  expect(summary).toMatchObject({ framesOut: FRAMES, outcomes: { sr: FRAMES - 1, bypassed: 1 } });
  expect(log).toEqual([
    expect.objectContaining({
      plugin: 'throws-at-five',
      level: 'error',
      frame: 5,
      message: expect.stringMatching(/five is too many. The frame passes without it/),
    }),
  ]);
  expect(await frameHashes(output)).toEqual(await frameHashes(plain));
  const enlarged = await runWith('wrong-scale', {}, { onPluginError: 'bypass' });
  expect(enlarged.summary).toMatchObject({ outcomes: { bypassed: FRAMES } });
  const mutated = await runWith('mutates-input', {}, { onPluginError: 'bypass' });
  expect(mutated.summary?.outcomes.bypassed).toBeGreaterThan(2);
});

test('what a plugin prints, in any way and at any time, goes to standard error with its name', async () => {
  const args = ['--preset', 'bicubic', '--plugin', wrong('prints'), '--workers', '1', '--encoder', 'ffv1'];
  const json = await srvid([input, join(folder, 'printed.mkv'), ...args, '--json']);
  endOf(json);
  expect(
    json.stdout
      .toString()
      .trim()
      .split('\n')
      .every((line) => line.startsWith('{"v":1')),
  ).toBe(true);
  const lines = json.stderr.trim().split('\n');
  expect(lines.filter((line) => !/^(\S*prints(\.js)?): printed /.test(line))).toEqual([]);
  for (const way of ['at import', 'by options', 'by console.log', 'to standard output', 'to standard error', 'to file 1', 'by a timer'])
    expect(
      lines.some((line) => line.endsWith(`: printed ${way}`)),
      way,
    ).toBe(true);
  const video = await srvid([input, '-', ...args, '--format', 'nut']);
  await writeFile(join(folder, 'stdout.nut'), video.stdout);
  expect(video.stdout.includes('printed')).toBe(false);
  expect(await frameHashes(join(folder, 'stdout.nut'))).toEqual(await frameHashes(join(folder, 'printed.mkv')));
});
