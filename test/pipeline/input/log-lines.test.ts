import { expect, test } from 'vitest';
import { FfmpegProcess } from '../../../dist/pipeline/ffmpeg/process.js';
import { isOfEmptyOutput, printsCaptions } from '../../../dist/pipeline/input/late-captions.js';
import { printedShape } from '../../../dist/pipeline/input/steady.js';

/** Lines as ffmpeg writes them, after a process has passed them on. */
async function passedOn(...lines: string[]): Promise<readonly string[]> {
  const child = new FfmpegProcess({
    path: process.execPath,
    args: ['-e', `process.stderr.write(${JSON.stringify(lines.join('\n'))})`],
    purpose: 'decode',
    failure: 'SRVID_DECODE_FAILED',
    stdio: ['ignore', 'ignore'],
  });
  await child.done();
  expect(child.log).toHaveLength(lines.length);
  return child.log;
}

test('captions and shapes that a filter prints are read in the words of every version', async () => {
  // 5.1 and 7.1, then 9.0.
  const [plain = '', named = '', shape = '', namedShape = ''] = await passedOn(
    ...['-53.000000', '[Eval @ 0x7f7319ffa980] -53.000000', '1.333333', '[Eval @ 0x7f7319ffa980] 1.333333'],
  );
  expect([plain, named].map(printsCaptions)).toEqual([true, true]);
  expect([shape, namedShape].map(printedShape)).toEqual(['1.333333', '1.333333']);
});

test('that an output which writes nothing is empty is no warning, in the words of every version; that the pictures have no frames is one', async () => {
  const log = await passedOn(
    '[out#1/null @ 0x55e785a58c40] Output file is empty, nothing was encoded(check -ss / -t / -frames parameters if used)',
    '[vost#1:0/wrapped_avframe @ 0x55e785a58c40] No filtered frames for output stream, trying to initialize anyway.',
    '[vf#1:0 @ 0x55e785a58c40] No filtered frames for output stream, trying to initialize anyway.',
    '[vf#0:0 @ 0x55e785a58c40] No filtered frames for output stream, trying to initialize anyway.',
  );
  expect(log.map(isOfEmptyOutput)).toEqual([true, true, true, false]);
});
