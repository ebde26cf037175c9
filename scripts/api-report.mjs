// Writes api-report.md and docs/api-reference.md from the public types. What an older report promises and the types do no
// more keep is a breaking change: it is refused until package.json has a version that says so. A version that nobody has yet
// may change at will: npm run api -- --unreleased
import { readFile, writeFile } from 'node:fs/promises';
import { readEntries } from './api/declarations.mjs';
import { breaches, referenceText, reportText, saysSo } from './api/report.mjs';

const REPORT = new URL('../api-report.md', import.meta.url);
const entries = readEntries();
const [older, newer] = [await readFile(REPORT, 'utf8').catch(() => ''), reportText(entries)];
const broken = breaches(older, newer);
if (broken.length > 0 && !saysSo(older, newer) && !process.argv.includes('--unreleased')) {
  console.error(`These lines of the API are gone or changed, which breaks programs:\n  ${broken.join('\n  ')}`);
  console.error('Raise the version in package.json (the major, or the minor before 1.0), or give --unreleased if nobody has this version yet.');
  process.exitCode = 1;
} else {
  await writeFile(REPORT, newer);
  await writeFile(new URL('../docs/api-reference.md', import.meta.url), referenceText(entries));
}
