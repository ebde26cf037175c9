// Writes docs/options.md from the table of options. A test fails where the file is older than the table.
import { writeFile } from 'node:fs/promises';
import { optionsPage } from '../dist/cli/options-page.js';

await writeFile(new URL('../docs/options.md', import.meta.url), optionsPage());
