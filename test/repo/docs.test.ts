import { execFileSync } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ERROR_CODES, type ErrorCode } from '../../dist/errors.js';

const ROOT = new URL('../../', import.meta.url);
const IGNORED = /^(node_modules|dist|coverage|out|\.git|\.cache)\//;

const documents = (await readdir(ROOT, { recursive: true })).filter((path) => path.endsWith('.md') && !IGNORED.test(path)).sort();
const textOf = new Map(await Promise.all(documents.map(async (path) => [path, await readFile(new URL(path, ROOT), 'utf8')] as const)));

/** Headings as the anchors that they become on GitHub. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function linksOf(text: string): string[] {
  const prose = text.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');
  return [
    ...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g),
    ...prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm),
    ...prose.matchAll(/(?:src|href)="([^"]+)"/g),
  ].map((match) => match[1] as string);
}

test.each(documents)('every link in %s leads somewhere', async (path) => {
  for (const link of linksOf(textOf.get(path) ?? '')) {
    if (/^(https?|mailto):/.test(link)) continue;
    const [file = '', anchor] = link.split('#');
    const target = new URL(file === '' ? path : file, file === '' ? ROOT : new URL(path, ROOT));
    await access(target).catch(() => expect.fail(`${path} links to ${link}, which is not there`));
    if (anchor !== undefined && target.pathname.endsWith('.md'))
      expect(anchorsOf(await readFile(target, 'utf8')), `${path} links to ${link}`).toContain(anchor);
  }
});

test('every link of a document in the package leads to something in the package', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: fileURLToPath(ROOT), encoding: 'utf8', timeout: 60_000 });
  const [{ files }] = JSON.parse(packed) as [{ files: readonly { path: string }[] }];
  const paths = new Set(files.map(({ path }) => path));
  const leads = (path: string) => paths.has(path) || files.some((file) => file.path.startsWith(`${path}/`));
  const dead = [...paths]
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      linksOf(textOf.get(path) ?? '')
        .filter((link) => !/^(https?:|mailto:|#)/.test(link))
        .map((link) => ({ path, link, target: posix.join(posix.dirname(path), link.split('#')[0] as string).replace(/\/$/, '') })),
    )
    .filter(({ target }) => !leads(target))
    .map(({ path, link }) => `${path}: ${link}`);
  expect(paths).toContain('README.md');
  expect(dead).toEqual([]);
}, 90_000);

test('docs/errors.md has one section for every code, in the order of the table, and no other', () => {
  const sections = [...(textOf.get('docs/errors.md') ?? '').matchAll(/^## (\S+)$/gm)].map((match) => match[1]);
  expect(sections).toEqual(Object.keys(ERROR_CODES));
});

test.each(Object.keys(ERROR_CODES) as ErrorCode[])('the section of %s says what happened, with which exit code, and what to do', (code) => {
  const section = (textOf.get('docs/errors.md') ?? '').split(/^## /m).find((text) => text.startsWith(`${code}\n`)) ?? '';
  expect(section).toContain(ERROR_CODES[code].summary);
  expect(section).toContain(`Exit code ${ERROR_CODES[code].exit}.`);
  expect(section).toMatch(/\*\*What to do\.\*\* \S.{20,}/s);
});

test('every code that documents or source speak of is in the table', async () => {
  const source = await Promise.all(
    (await readdir(new URL('src/', ROOT), { recursive: true }))
      .filter((path) => path.endsWith('.ts'))
      .map((path) => readFile(new URL(`src/${path}`, ROOT), 'utf8')),
  );
  // Names of environment variables begin the same way.
  const variables = new Set(['SRVID_DATA', 'SRVID_FUZZ_CASES']);
  const named = [...textOf.values(), ...source]
    .flatMap((text) => [...text.matchAll(/\bSRVID_[A-Z]+(?:_[A-Z]+)*\b/g)].map(([name]) => name))
    .filter((name) => !variables.has(name));
  expect(named.length).toBeGreaterThan(50);
  for (const name of named) expect(Object.keys(ERROR_CODES)).toContain(name);
});

test('every code is thrown somewhere', async () => {
  const paths = (await readdir(new URL('src/', ROOT), { recursive: true })).filter((path) => path.endsWith('.ts') && path !== 'errors.ts');
  const source = (await Promise.all(paths.map((path) => readFile(new URL(`src/${path}`, ROOT), 'utf8')))).join('\n');
  for (const code of Object.keys(ERROR_CODES)) expect(source).toContain(`'${code}'`);
});
