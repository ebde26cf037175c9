// npm run test:ffmpeg -- VERSION [ARGUMENTS OF VITEST]: runs tests on another version of ffmpeg, with the ffprobe that is installed.
// Without names of tests among the arguments: those of exact frames and times, of colours, of segments, of what is carried along, and of VMAF, which the newest has.
import { join } from 'node:path';
import { ROOT, runCommand, SetupError } from './setup/command.mjs';
import { otherFfmpeg } from './setup/other-ffmpeg.mjs';

const TESTS = [
  'test/cli/exactness.test.ts',
  'test/cli/color.test.ts',
  'test/jobs/segments.test.ts',
  'test/cli/carry.test.ts',
  'test/cli/vmaf.test.ts',
  'test/pipeline/nut/nut-ffmpeg.test.ts',
];

const [version = '9.0.2', ...args] = process.argv.slice(2);
const tests = args.some((arg) => arg.startsWith('test/')) ? [] : TESTS;
try {
  const environment = otherFfmpeg(version, (text) => console.log(`setup: ${text}`));
  runCommand(process.execPath, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...tests, ...args], environment);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
