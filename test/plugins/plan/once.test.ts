import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseProcessingOptions } from '../../../dist/options/session.js';
import { loadModelLibrary, type ModelEntry, ModelLibrary, type Precision } from '../../../dist/plugins/inference/library.js';
import { lookUp, planProcessing } from '../../../dist/processing.js';
import { COMMAND } from '../../helpers/command.js';
import { ffmpeg, temporaryFolder } from '../../helpers/media.js';

const folder = await temporaryFolder();
const input = join(folder, 'input.mp4');
await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=s=64x36:r=25:d=0.2', '-pix_fmt', 'yuv420p', input);

/** A library that counts how often it answers with each model. */
class CountingLibrary extends ModelLibrary {
  readonly answers = new Map<string, number>();

  override resolve(spec: Parameters<ModelLibrary['resolve']>[0], precision: Precision): ModelEntry {
    const entry = super.resolve(spec, precision);
    this.answers.set(entry.id, (this.answers.get(entry.id) ?? 0) + 1);
    return entry;
  }
}

test('a plan with levels, a precision to be measured and four workers resolves each model once', async () => {
  const shipped = await loadModelLibrary();
  const library = new CountingLibrary(shipped.folder, shipped.models);
  const options = parseProcessingOptions({ preset: 'best', scale: 2, realtime: true, workers: 4, retune: true });
  const format = { kind: 'yuv420p', width: 64, height: 36 } as const;
  const info = { format, color: {}, timeBase: { num: 1, den: 25 }, frameRate: { num: 25, den: 1 }, sampleAspect: undefined };
  const { levels, execution } = await planProcessing(options, { ...(await lookUp(options)), library }, info);
  expect(execution.reasons.join('; ')).toContain('measured');
  expect(levels?.levels.length).toBeGreaterThan(2);
  expect(library.answers.size).toBeGreaterThan(3);
  for (const [id, count] of library.answers) expect([id, count]).toEqual([id, 1]);
});

test.runIf(process.platform === 'linux')('a run with levels, a precision to be measured and four workers reads each model file once', async () => {
  const log = join(folder, 'opened');
  const run = [process.execPath, COMMAND, input, join(folder, 'out.mp4'), '--preset', 'best', '--scale', '2', '--realtime', '--workers', '4', '--retune'];
  await promisify(execFile)('strace', ['-f', '-qq', '-e', 'trace=open,openat', '-o', log, ...run]);
  const models = fileURLToPath((await loadModelLibrary()).folder);
  const opened = [...(await readFile(log, 'utf8')).matchAll(/"([^"]+\.onnx)"[^\n]*= \d+/g)]
    .map((match) => match[1] as string)
    .filter((path) => path.startsWith(models));
  expect(opened.length).toBeGreaterThan(3);
  expect([...opened].sort()).toEqual([...new Set(opened)].sort());
});
