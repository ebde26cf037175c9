import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { requestTypes } from '../../dist/cli/request-types.js';
import { readEntries } from '../../scripts/api/declarations.mjs';
import { breaches, referenceText, reportText, saysSo } from '../../scripts/api/report.mjs';

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const entries = readEntries();

test('the report and the reference of the API are what the types say; npm run api writes them', async () => {
  expect(reportText(entries)).toBe(await read('api-report.md'));
  expect(referenceText(entries)).toBe(await read('docs/api-reference.md'));
});

test('src/options/requests.ts is what the table of options says; npm run docs:options writes it', async () => {
  expect(requestTypes()).toBe(await read('src/options/requests.ts'));
});

test('what a program writes is described in full: every export and every option has a docstring', () => {
  const silent = entries.flatMap(({ name, exports }) => exports.filter(({ docs }) => docs === '').map((found) => `${name}: ${found.name}`));
  expect(silent).toEqual([]);
  const options = entries[0]?.exports.filter(({ name }) => /^(Input|Processing|Output)Request$|^UpscaleOptions$/.test(name)) ?? [];
  expect(options).toHaveLength(4);
  for (const { commented } of options) expect(commented.match(/\/\*\*/g)?.length).toBe(commented.match(/^ {2}readonly /gm)?.length);
});

test('an addition passes; what is gone or changed is a breach, unless the version says so', () => {
  const report = (version: string, ...members: string[]) =>
    `# The public API of srvid ${version}\n\n\`\`\`ts\ninterface Frame {\n  ${members.join('\n  ')}\n}\n\`\`\`\n`;
  const old = report('0.3.1', 'readonly pts: number;', 'readonly width: number;');
  expect(breaches(old, report('0.3.1', 'readonly pts: number;', 'readonly more: string;', 'readonly width: number;'))).toEqual([]);
  expect(breaches(old, report('0.3.1', 'readonly pts: bigint;', 'readonly width: number;'))).toEqual(['interface Frame { readonly pts: number;']);
  expect(breaches(old, report('0.3.1', 'readonly pts: number;'))).toEqual(['interface Frame { readonly width: number;']);
  for (const [older, newer, expected] of [
    ['0.3.1', '0.3.2', false],
    ['0.3.1', '0.4.0', true],
    ['1.3.1', '1.4.0', false],
    ['1.3.1', '2.0.0', true],
  ] as const)
    expect(saysSo(report(older), report(newer)), `${older} to ${newer}`).toBe(expected);
});
