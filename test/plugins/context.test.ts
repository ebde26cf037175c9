import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { type PluginLogEntry, prometheusText, runSession, type SessionEvent, type Summary, upscale } from '../../dist/index.js';
import { endOf, srvid } from '../helpers/command.js';
import { failureOf } from '../helpers/errors.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';

const SPEAKS = fileURLToPath(new URL('../fixtures/plugins/speaks.js', import.meta.url));
const FRAMES = 6;
let input = '';
let folder = '';

beforeAll(async () => {
  folder = await temporaryFolder();
  input = join(folder, 'in.mkv');
  await ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=64x48:r=25:d=${FRAMES / 25}`, '-pix_fmt', 'yuv420p', '-c:v', 'ffv1', input);
});

/** Runs a session with the plugin that speaks, and gives all that a program hears. */
async function heard(options: Record<string, unknown> = {}, onLog = (_entry: PluginLogEntry) => {}, signal?: AbortSignal) {
  const [events, log]: [SessionEvent[], PluginLogEntry[]] = [[], []];
  const request = { input, output: join(folder, 'out.mkv'), overwrite: true, preset: 'bicubic', workers: 2, plugins: [{ use: SPEAKS, options }] };
  const hooks = {
    onEvent: (event: SessionEvent) => events.push(event),
    onLog: (entry: PluginLogEntry) => onLog(log[log.push(entry) - 1] as PluginLogEntry),
    ...(signal && { signal }),
  };
  const outcome: Summary | Error = await runSession(request, hooks).catch((error: Error) => error);
  return { outcome, events, log };
}

test('a plugin in workers logs, emits and counts, and a program hears all of it, each frame once', async () => {
  const { outcome, events, log } = await heard();
  const emitted = events.filter((event) => event.type === 'plugin');
  const frames = emitted.filter(({ frame }) => frame !== undefined).toSorted((a, b) => (a.frame as number) - (b.frame as number));
  expect(frames.map(({ plugin, frame, pts }) => [plugin, frame, pts])).toEqual(Array.from({ length: FRAMES }, (_, frame) => ['speaks', frame, frame * 40]));
  // As JSON has it: a date is text, and what is undefined is not there.
  expect(frames[0]?.event).toEqual({ kind: 'brightness', mean: expect.any(Number), at: '1970-01-01T00:00:00.000Z' });
  expect(emitted.filter(({ frame }) => frame === undefined).map(({ event }) => event)).toEqual(Array(2).fill({ kind: 'flush', aborted: false }));
  expect(events.at(-1)?.type).toBe('end');
  expect(log.filter(({ level }) => level === 'warn')).toEqual([{ type: 'log', plugin: 'speaks', level: 'warn', message: 'a first frame', frame: 0 }]);
  expect(log.filter(({ level }) => level === 'debug')).toHaveLength(FRAMES);
  expect(log.map(({ message }) => message)).toContain('closed, true');
  const { plugins = [] } = outcome as Summary;
  expect(plugins).toEqual([
    { plugin: 'speaks', name: 'frames_seen', kind: 'counter', value: FRAMES },
    { plugin: 'speaks', name: 'mean_sum', kind: 'counter', value: expect.any(Number) },
    { plugin: 'speaks', name: 'last_mean', kind: 'gauge', value: expect.any(Number) },
  ]);
  const text = prometheusText(outcome as Summary);
  expect(text).toContain('# TYPE srvid_plugin_total counter\nsrvid_plugin_total{plugin="speaks",name="frames_seen"} 6\n');
  expect(text).toContain('srvid_plugin_value{plugin="speaks",name="last_mean"} ');
});

test('a program that takes frames hears the same', async () => {
  const [events, log]: [SessionEvent[], PluginLogEntry[]] = [[], []];
  const hooks = { onEvent: (event: SessionEvent) => events.push(event), onLog: (entry: PluginLogEntry) => log.push(entry) };
  let frames = 0;
  for await (const _ of upscale(input, { preset: 'bicubic', workers: 1, plugins: [SPEAKS], ...hooks })) frames++;
  expect(frames).toBe(FRAMES);
  const emitted = events.filter((event) => event.type === 'plugin');
  expect(emitted.map(({ event }) => (event as { readonly kind: string }).kind)).toEqual([...Array(FRAMES).fill('brightness'), 'flush']);
  expect(events.at(-1)).toMatchObject({ type: 'end', plugins: [{ name: 'frames_seen', value: FRAMES }, {}, {}] });
  expect(log.map(({ message }) => message)).toEqual(expect.arrayContaining(['ready\nand willing', 'a first frame', 'closed, true']));
});

test('the signal of a plugin aborts when the session is stopped', async () => {
  const stop = new AbortController();
  const { outcome, log } = await heard({ hold: true }, ({ level }) => level === 'debug' && stop.abort(), stop.signal);
  expect(outcome).toMatchObject({ code: 'SRVID_INTERRUPTED' });
  expect(log.map(({ message }) => message)).toContain('stopped: the session stops before its end');
});

test('the command writes events into --json, and the log to standard error', async () => {
  const result = await srvid([input, join(folder, 'json.mkv'), '--preset', 'bicubic', '--plugin', SPEAKS, '--workers', '1', '--json']);
  expect(endOf(result)).toMatchObject({ framesOut: FRAMES, plugins: [{ name: 'frames_seen', value: FRAMES }, {}, {}] });
  expect(result.events.filter(({ type }) => type === 'plugin')).toHaveLength(FRAMES + 1);
  expect(
    result.stdout
      .toString()
      .trim()
      .split('\n')
      .every((line) => line.startsWith('{"v":1')),
  ).toBe(true);
  expect(result.stderr).toBe('speaks: ready\nspeaks: and willing\nspeaks: warn: a first frame\nspeaks: closed, true\n');
});

test('a listener of the log that throws fails the run', async () => {
  const request = { input, output: join(folder, 'thrown.mkv'), preset: 'bicubic', plugins: [{ use: SPEAKS }] };
  const onLog = () => {
    throw new Error('I will not listen');
  };
  await expect(runSession(request, { onLog })).rejects.toThrow('I will not listen');
  const wrong = { ...request, plugins: [{ use: SPEAKS, options: { metric: 'no name' } }] };
  expect((await failureOf(() => runSession(wrong, { onLog: () => {} }))).message).toMatch(/speaks failed in process at frame \d with .*the name of a metric/);
});
