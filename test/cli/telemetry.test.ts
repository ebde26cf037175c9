import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { COMMAND } from '../helpers/command.js';
import { ffmpeg, folderWithClip } from '../helpers/media.js';
import { type Trace, traced } from '../helpers/traced.js';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const EMBEDDING = root('test/fixtures/programs/embedding.mjs');
const NETWORK = root('models/abpn-x3-int8.onnx');
/** The first look-up comes 9 s after the first session. */
const LIVE_SECONDS = 14;
let folder = '';
let clip = '';

beforeAll(async () => {
  ({ folder, clip } = await folderWithClip('clip.mp4', 'testsrc2=s=96x64:r=25:d=1'));
  await mkdir(join(folder, 'pictures'));
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=120x90:r=1', '-frames:v', '1', join(folder, 'pictures/1.png'));
});

/** Doings of ONNX Runtime's telemetry as soon as there is a session: it reads the machine's id, and writes a log, a session and a device id. */
function signs({ left, opened }: Trace): string[] {
  const known = /\/mat-debug-\d+\.log$|\/\.ses$|\/Microsoft\/|deviceid|^\/etc\/machine-id$|^\/var\/lib\/dbus\/machine-id$|onnxruntime\.db/;
  return [...new Set([...left.map((path) => `/${path}`), ...opened].filter((path) => known.test(path)))];
}

function expectQuiet(trace: Trace): void {
  expect(trace.opened.some((path) => path.endsWith('/onnxruntime_binding.node'))).toBe(true);
  expect(signs(trace)).toEqual([]);
  expect(trace.asked).toEqual([]);
  // Measurements of this machine are srvid's own, and all that it keeps.
  expect(trace.left.filter((path) => !path.startsWith('cache/srvid'))).toEqual([]);
}

describe('the instrument', () => {
  test('sees the telemetry of ONNX Runtime where it is not switched off', async () => {
    // The program ends before anything is looked up or sent.
    const trace = await traced(folder, [root('test/fixtures/programs/runtime-alone.mjs'), NETWORK]);
    expect(trace.code).toBe(0);
    expect(signs(trace)).toEqual(
      expect.arrayContaining([expect.stringMatching(/\/mat-debug-\d+\.log$/), '/tmp/.ses', '/etc/machine-id', expect.stringMatching(/\/deviceid$/)]),
    );
  });

  test('sees a host that is looked up', async () => {
    const { asked } = await traced(folder, ['-e', "require('node:dns').lookup('telemetry.invalid', () => {})"]);
    expect(asked.length).toBeGreaterThan(0);
  });
});

describe('ONNX Runtime keeps nothing, reads no id and asks no host', () => {
  test.each([
    ['a run that measures precision and threads', (to: string) => [clip, to, '--scale', '3', '--json']],
    ['a run in real time', (to: string) => [clip, to, '--scale', '3', '--realtime', '--json']],
    ['eval', () => ['eval', join(folder, 'pictures'), '--scale', '3']],
    [
      'bench',
      () => ['bench', clip, '--scale', '3', '--preset', 'swift', '--frames', '3', '--runs', '1', '--workers', '1', '--encoder-option', 'preset=ultrafast'],
    ],
    ['doctor', () => ['doctor']],
    ['doctor with a network', () => ['doctor', NETWORK, '--size', '64x48', '--images', join(folder, 'pictures')]],
    ['lower', () => ['lower', NETWORK, join(folder, 'lowered.onnx')]],
  ] as const)(
    'in %s',
    async (name, args) => {
      const trace = await traced(folder, [COMMAND, ...args(join(folder, `${name}.mp4`))]);
      expect(trace.code, trace.said).toBe(0);
      expectQuiet(trace);
    },
    300_000,
  );

  test('in a relay, for longer than it takes the telemetry to look up its host', async () => {
    const source = join(folder, 'source.mp4');
    await ffmpeg('-f', 'lavfi', '-i', `testsrc2=s=96x64:r=25:d=${LIVE_SECONDS}`, '-pix_fmt', 'yuv420p', source);
    const trace = await traced(folder, [COMMAND, 'relay', source, '--listen', '127.0.0.1:0', '--scale', '3']);
    expect(trace.code, trace.said).toBe(0);
    expectQuiet(trace);
  });

  test('in a program that runs srvid', async () => {
    const trace = await traced(folder, [EMBEDDING, clip, join(folder, 'embedded.mp4')]);
    expect(trace.code, trace.said).toBe(0);
    expectQuiet(trace);
  });

  test('in a worker thread of a program, where the main thread has switched it off', async () => {
    const trace = await traced(folder, [EMBEDDING, clip, join(folder, 'thread.mp4'), 'prepared']);
    expect(trace.code, trace.said).toBe(0);
    expectQuiet(trace);
  });
});

test('in a worker thread of a program that has not switched it off, srvid refuses to run', async () => {
  const trace = await traced(folder, [EMBEDDING, clip, join(folder, 'refused.mp4'), 'thread']);
  expect(trace.said.trim()).toBe('SRVID_TELEMETRY_ON');
  expect(signs(trace)).toEqual([]);
});
