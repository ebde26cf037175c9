import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const TALLY = join(import.meta.dirname, '../../scripts/tally.mjs');
const NONE = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] };

test('counts what passed, failed and was skipped', () => {
  expect(tally({ ...NONE, numPassedTests: 7 })).toEqual({ line: '7 passed, 0 failed', status: 0 });
  expect(tally({ ...NONE, numPassedTests: 7, numPendingTests: 2, numTodoTests: 1 })).toEqual({ line: '7 passed, 0 failed, 3 skipped', status: 0 });
  expect(tally({ ...NONE, numPassedTests: 7, numFailedTests: 2 })).toEqual({ line: '7 passed, 2 failed', status: 1 });
});

test('a test file that cannot be loaded is a failure', () => {
  const testResults = [{ status: 'failed', assertionResults: [] }];
  expect(tally({ ...NONE, numPassedTests: 7, testResults })).toEqual({ line: '7 passed, 1 failed', status: 1 });
});

test('a run without a test is a failure', () => {
  expect(tally({ ...NONE, numPendingTests: 4 })).toEqual({ line: '0 passed, 0 failed, 4 skipped', status: 1 });
});

test('several runs are counted together, and each must have had tests', () => {
  expect(tally({ ...NONE, numPassedTests: 7 }, { ...NONE, numPassedTests: 3, numFailedTests: 1 })).toEqual({ line: '10 passed, 1 failed', status: 1 });
  expect(tally({ ...NONE, numPassedTests: 7 }, NONE)).toEqual({ line: '7 passed, 0 failed', status: 1 });
});

function tally(...reports: object[]) {
  const folder = mkdtempSync(join(tmpdir(), 'srvid-tally-'));
  try {
    const paths = reports.map((report, index) => {
      const path = join(folder, `report-${index}.json`);
      writeFileSync(path, JSON.stringify(report));
      return path;
    });
    const { stdout, status } = spawnSync(process.execPath, [TALLY, ...paths], { encoding: 'utf8' });
    return { line: stdout.trim(), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
