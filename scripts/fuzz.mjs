// `npm run fuzz`: the parsers against a million inputs each (SRVID_FUZZ_CASES for another number).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup/command.mjs';

const FILES = [
  'test/pipeline/nut/nut-fuzz.test.ts',
  'test/pipeline/input/source.test.ts',
  'test/plugins/inference/library.test.ts',
  'test/plugins/plan/presets.test.ts',
  'test/relay/splitter.test.ts',
  'test/relay/delivery/protocol.test.ts',
  'test/relay/ingest.test.ts',
  'test/relay/faults.test.ts',
];
const env = { SRVID_FUZZ_CASES: '1000000', ...process.env };
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', '--testTimeout=0', ...FILES], { cwd: ROOT, env, stdio: 'inherit' });
process.exitCode = status ?? 1;
