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

test('a test file that cannot be loaded is a failure, and named', () => {
  const testResults = [{ name: join(process.cwd(), 'test/a.test.ts'), status: 'failed', message: 'no such module', assertionResults: [] }];
  const { line, status } = tally({ ...NONE, numPassedTests: 7, testResults });
  expect({ line, status }).toEqual({ line: 'FAILED test/a.test.ts\n    no such module\n7 passed, 1 failed', status: 1 });
});

test('a test that failed is named with its reason', () => {
  const assertionResults = [{ status: 'passed' }, { status: 'failed', fullName: 'one thing holds', failureMessages: ['expected 1 to be 2'] }];
  const testResults = [{ name: join(process.cwd(), 'test/a.test.ts'), status: 'failed', message: '', assertionResults }];
  const { line } = tally({ ...NONE, numPassedTests: 1, numFailedTests: 1, testResults });
  expect(line).toBe('FAILED test/a.test.ts: one thing holds\n    expected 1 to be 2\n1 passed, 1 failed');
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
