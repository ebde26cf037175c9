// Writes docs/options.md and src/options/requests.ts from the table of options. A test fails where they are older than it.
import { writeFile } from 'node:fs/promises';
import { optionsPage } from '../dist/cli/options-page.js';
import { requestTypes } from '../dist/cli/request-types.js';

await writeFile(new URL('../docs/options.md', import.meta.url), optionsPage());
await writeFile(new URL('../src/options/requests.ts', import.meta.url), requestTypes());
