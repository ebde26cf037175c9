// node scripts/tally.mjs REPORT: closes a run of the tests with one line from vitest's JSON report. Exit code 1 where a test failed or none ran.
import { readFileSync } from 'node:fs';

const { passed, failed, skipped } = count(JSON.parse(readFileSync(process.argv[2], 'utf8')));
if (passed + failed === 0) console.error('No test ran.');
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0 || passed === 0) process.exitCode = 1;

function count({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  // A file that cannot even be loaded has no tests to fail, but is a failure.
  const unloadable = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + unloadable, skipped: numPendingTests + numTodoTests };
}
