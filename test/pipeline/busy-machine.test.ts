import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findFfmpeg } from '../../dist/pipeline/ffmpeg/binary.js';
import { answerOf } from '../../dist/pipeline/ffmpeg/build-answers.js';
import { probeFile } from '../../dist/pipeline/ffmpeg/probe.js';
import { planCarry } from '../../dist/pipeline/output/carry.js';
import { containerFor } from '../../dist/pipeline/output/container.js';
import { importInTime, tryImport } from '../../dist/plugins/trial.js';
import { ffmpeg, temporaryFolder } from '../helpers/media.js';
import { FFMPEG } from '../helpers/programs.js';

const folder = await temporaryFolder();
const at = (name: string) => join(folder, name);
/** Longer than a hurried limit would be. On two cores with 30 other processes ffmpeg took as long to start. */
const SLOW_SECONDS = 22;

/** ffmpeg as on a machine that hardly gets to it. */
async function slowFfmpeg(): Promise<string> {
  await writeFile(at('slow-ffmpeg'), `#!/bin/sh\nsleep ${SLOW_SECONDS}\nexec ${FFMPEG} "$@"\n`);
  await chmod(at('slow-ffmpeg'), 0o755);
  return at('slow-ffmpeg');
}

test('on a machine with much else to do sound is copied all the same, a plugin is imported, and ffmpeg is heard out', async () => {
  const slow = await slowFfmpeg();
  await ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.4', '-c:a', 'adpcm_ima_qt', at('sound.mov'));
  await writeFile(at('slow.mjs'), `await new Promise((done) => setTimeout(done, ${SLOW_SECONDS * 1000})); export default 1;`);
  const binary = await findFfmpeg();
  const probe = await probeFile(binary, at('sound.mov'));
  const request = { container: containerFor('a.mov', undefined), toPipe: false, input: probe.input, head: undefined, salvage: false, signal: undefined };
  const [plan, words, , module] = await Promise.all([
    planCarry({ ...request, binary: { ...binary, ffmpeg: slow }, probe, processed: { index: -1 } as never, tracks: undefined }),
    answerOf(slow, ['-hide_banner', '-muxers']),
    tryImport(at('slow.mjs'), 'slow'),
    importInTime(at('slow.mjs'), 'slow'),
  ]);
  expect(plan).toMatchObject({ streams: [{ codec: 'copy' }], warnings: [] });
  expect(words).toContain('matroska');
  expect(module).toMatchObject({ default: 1 });
});
