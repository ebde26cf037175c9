// node scripts/tally.mjs REPORT...: closes runs of the tests with one line from vitest's JSON reports. Exit code 1 where a test failed or a run had none.
import { readFileSync } from 'node:fs';

const counts = process.argv.slice(2).map((path) => count(JSON.parse(readFileSync(path, 'utf8'))));
const total = (what) => counts.reduce((sum, count) => sum + count[what], 0);
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(total);
const isEmpty = counts.some((count) => count.passed + count.failed === 0);
if (isEmpty) console.error('A run had no test.');
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0 || isEmpty) process.exitCode = 1;

function count({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  // A file that cannot even be loaded has no tests to fail, but is a failure.
  const unloadable = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + unloadable, skipped: numPendingTests + numTodoTests };
}
