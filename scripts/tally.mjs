// node scripts/tally.mjs REPORT...: closes runs of the tests with the name and reason of each failure and one line of counts, from vitest's JSON reports.
// Exit code 1 where a test failed or a run had none.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const reports = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, 'utf8')));
const counts = reports.map(count);
for (const failure of reports.flatMap(failures)) console.log(failure);
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

function failures({ testResults }) {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    if (status === 'failed' && assertionResults.length === 0) return [told(file, [message])];
    return assertionResults.filter((test) => test.status === 'failed').map((test) => told(`${file}: ${test.fullName}`, test.failureMessages ?? []));
  });
}

/** A reason may hold a whole run's output: its beginning says what was expected, and the end of the log is short enough to be read. */
function told(title, messages) {
  const reason = messages.join('\n').slice(0, 1500);
  return `FAILED ${title}\n${reason.replace(/^/gm, '    ')}`;
}
