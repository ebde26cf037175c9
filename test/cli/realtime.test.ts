import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, test } from 'vitest';
import type { RealtimeReport } from '../../dist/report/events.js';
import { COMMAND, endOf, srvid } from '../helpers/command.js';
import { ffmpeg, folderWithClip, lavfi, videoTimes } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const FAST = ['--encoder-option', 'preset=ultrafast', '--json', '-y'];
let folder = '';
let input = '';

beforeAll(async () => {
  ({ folder, clip: input } = await folderWithClip('input.mp4', 'testsrc2=s=160x96:r=25:d=1.2', ...lavfi('sine=d=1.2')));
});

interface End {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly outcomes: Record<'sr' | 'reused' | 'bypassed' | 'dropped', number>;
  readonly wallSeconds: number;
  readonly startupSeconds: number;
  readonly realtime: RealtimeReport;
}

/** The closing event, after checking what holds for every real-time run. */
function accounted(event: Record<string, unknown>): End {
  const end = event as unknown as End;
  const { sr, reused, bypassed, dropped } = end.outcomes;
  expect(sr + reused + bypassed + dropped).toBe(end.framesIn);
  expect(sr + reused + bypassed).toBe(end.framesOut);
  const { delivered, late, levels, reasons } = end.realtime;
  expect(delivered + late).toBe(end.framesOut);
  expect(levels.reduce((sum, { frames }) => sum + frames, 0)).toBe(end.framesOut);
  const because = (outcome: 'bypassed' | 'dropped') => Object.values(reasons[outcome] ?? {}).reduce((sum, count) => sum + count, 0);
  expect([because('bypassed'), because('dropped')]).toEqual([bypassed, dropped]);
  return end;
}

it.each(['bypass', 'drop-oldest', 'drop-newest', 'block'])(
  'a file is processed at its own rate, every frame is accounted for, and times are kept: %s',
  async (policy) => {
    const output = join(folder, `${policy}.mp4`);
    const end = accounted(endOf(await srvid([input, output, '--realtime', '--policy', policy, ...FAST])));
    expect(end.framesIn).toBe(30);
    // 30 frames at 25 a second: the last one is not due before 1.16 s have passed.
    expect(end.wallSeconds - end.startupSeconds).toBeGreaterThan(1.16);
    const source = new Set(await videoTimes(input));
    const times = await videoTimes(output);
    expect(times).toHaveLength(end.framesOut);
    for (const time of times) expect(source).toContain(time);
    if (policy !== 'bypass') expect(end.outcomes.bypassed).toBe(0);
    if (policy === 'block') expect(end.outcomes.dropped).toBe(0);
  },
);

it.each(['bypass', 'drop-oldest', 'drop-newest'])('more than the machine can do is bypassed or dropped, each frame with its reason: %s', async (policy) => {
  const large = join(folder, `large-${policy}.mp4`);
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=960x540:r=60:d=0.35', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast', large);
  const end = accounted(
    endOf(await srvid([large, join(folder, `overload-${policy}.mp4`), '--realtime', '--scale', '2', '--policy', policy, '--workers', '1', ...FAST])),
  );
  expect(end.framesIn).toBe(21);
  expect(end.outcomes.bypassed + end.outcomes.dropped).toBeGreaterThan(0);
  expect(end.framesOut).toBeGreaterThan(0);
});

it('standard input is taken as it comes, with its sound', async () => {
  const output = join(folder, 'piped.mkv');
  const child = spawn(process.execPath, [COMMAND, '-', output, '--realtime', ...FAST], { stdio: ['pipe', 'pipe', 'inherit'] });
  const source = spawn(FFMPEG, ['-nostdin', '-v', 'error', '-re', '-i', input, '-c', 'copy', '-f', 'matroska', '-'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  source.stdout.pipe(child.stdin);
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  const end = accounted(JSON.parse(said.trim().split('\n').at(-1) as string));
  expect(end.framesIn).toBe(30);
  expect((await videoTimes(output)).length).toBe(end.framesOut);
});

it('a worker that hangs is replaced within the clip, and the frames after it are processed', async () => {
  const clip = join(folder, 'hang.y4m');
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=6', '-pix_fmt', 'yuv420p', clip);
  const once = join(folder, 'hung');
  const plugin = `./test/fixtures/plugins/misbehave.js?way=spin&from=20&once=${encodeURIComponent(once)}`;
  const options = ['--realtime', '--preset', 'bicubic', '--plugin', plugin, '--workers', '1', ...FAST];
  const end = accounted(endOf(await srvid([clip, join(folder, 'hang.mp4'), ...options])));
  expect(end.framesIn).toBe(150);
  expect(existsSync(once)).toBe(true);
  // A limit of 10 s, as for any other task, would leave nothing after it.
  expect(Number((await videoTimes(join(folder, 'hang.mp4'))).at(-1))).toBeGreaterThan(5);
});

describe('levels', () => {
  const levelsOf = (events: readonly Record<string, unknown>[]) => {
    const start = events.find(({ type }) => type === 'start') as { realtime: { levels: string[] }; plan: string[] };
    return { levels: start.realtime.levels, plan: start.plan.join('\n') };
  };

  it('named ones are ordered by their cost, and those that are not installed are left out and told', async () => {
    const output = join(folder, 'levels.mp4');
    const result = await srvid([input, output, '--preset', 'bicubic', '--scale', '2', '--realtime', '--levels', 'bicubic,finest,abpn', ...FAST]);
    accounted(endOf(result));
    const { levels, plan } = levelsOf(result.events);
    expect(levels).toEqual(['abpn', 'bicubic']);
    expect(plan).toContain('level left out: finest: not installed');
  });

  it('live-1080p has levels that may not be installed yet, and makes 1080 lines', async () => {
    const half = join(folder, 'half.mp4');
    await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=10:d=0.3', '-pix_fmt', 'yuv420p', half);
    const result = await srvid([half, join(folder, 'live.mp4'), '--preset', 'live-1080p', '--realtime', '--json', '-y']);
    accounted(endOf(result));
    expect(result.events.find(({ type }) => type === 'start')).toMatchObject({
      target: { width: 1920, height: 1080 },
      realtime: { budgetMs: 100, policy: 'bypass' },
    });
    expect(levelsOf(result.events).levels).toContain('abpn');
  });

  test.each([
    ['none of which is installed', ['--levels', 'swift2'], /None of the levels swift2/],
    ['with a plugin that reads neighbours', ['--plugin', './test/fixtures/plugins/median-of-three.js'], /one frame at a time/],
    ['with a plugin that keeps state', ['--plugin', './test/fixtures/plugins/count-frames.js'], /one frame at a time/],
  ])('real time %s is refused before the first frame', async (_, options, message) => {
    const result = await srvid([input, join(folder, 'never.mp4'), '--realtime', ...options, ...FAST]);
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(message);
  });
});

it('options of real time without --realtime are refused', async () => {
  const result = await srvid([input, join(folder, 'never.mp4'), '--budget-ms', '50', ...FAST]);
  expect(result.code).toBe(2);
  expect(result.stderr).toContain('--realtime');
});

it('the summary says what was in time, at which levels, and where the latency is from', async () => {
  const { stderr, code } = await srvid([input, join(folder, 'said.mp4'), '--realtime', '-y', '--verbose']);
  expect(code).toBe(0);
  expect(stderr).toMatch(/real time: 100 ms, bypass, levels abpn/);
  expect(stderr).toMatch(/in time: \d+ of \d+ written/);
  expect(stderr).toMatch(/levels: .*steps down/);
  expect(stderr).toMatch(/latency p50 [\d.]+, p95 [\d.]+, p99 [\d.]+ ms/);
});

describe('devices', () => {
  it('cpu is one like any other, and the default', async () => {
    const result = await srvid([input, join(folder, 'cpu.mp4'), '--device', 'cpu', ...FAST]);
    endOf(result);
    expect(result.events.find(({ type }) => type === 'start')).toMatchObject({ device: 'cpu' });
  });

  it.each(process.platform === 'darwin' ? ['dml'] : ['coreml'])('%s, which this build lacks, is refused with what it has', async (device) => {
    const result = await srvid([input, join(folder, 'never.mp4'), '--device', device, ...FAST]);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain('SRVID_DEVICE_UNAVAILABLE');
    expect(result.stderr).toMatch(/knows: cpu/);
  });
});
