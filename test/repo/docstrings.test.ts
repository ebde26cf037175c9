import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = join(ROOT, 'src');
/** Folders of src/ whose exports are checked. */
const FOLDERS = [
  'api',
  'bench',
  'cli',
  'client',
  'doctor',
  'eval',
  'folders',
  'onnx',
  'options',
  'pipeline',
  'plugins',
  'relay',
  'report',
  'scaffold',
  'testing',
  'tuning',
];
/** First words that qualify a thing before it is named. */
const RIDDLES = ['What', 'How', 'Where', 'By', 'Of', 'Which', 'Whether', 'As'];

const OPENING = new RegExp(`/\\*\\*[\\s*]*(?:${RIDDLES.join('|')})\\b`, 'g');
const EXPORT = /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function|class|interface|type|const)\b(?! \{)/;

const files = (
  await Promise.all(
    FOLDERS.map(async (folder) => {
      const paths = (await readdir(join(SOURCE, folder), { recursive: true })).filter((path) => path.endsWith('.ts'));
      return Promise.all(paths.map(async (path) => ({ path: `${folder}/${path}`, text: await readFile(join(SOURCE, folder, path), 'utf8') })));
    }),
  )
).flat();

test('every folder that is checked has files', () => {
  for (const folder of FOLDERS) expect(files.some(({ path }) => path.startsWith(`${folder}/`))).toBe(true);
});

test('no docstring opens with a word that puts the thing second', async () => {
  const found = await Promise.all(
    ['src', 'bench', 'scripts', 'templates', 'examples', 'test'].map(async (folder) => {
      const paths = (await readdir(join(ROOT, folder), { recursive: true })).filter((path) => /\.(?:ts|js|mjs|cc|h)$/.test(path));
      const texts = await Promise.all(paths.map(async (path) => ({ path: `${folder}/${path}`, text: await readFile(join(ROOT, folder, path), 'utf8') })));
      return texts.flatMap(({ path, text }) =>
        [...text.matchAll(OPENING)].map(({ index, 0: match }) => `${path}:${lineAt(text, index)}: ${match.replace(/\s+/g, ' ')}`),
      );
    }),
  );
  expect(found.flat()).toEqual([]);
});

test('every export has a docstring directly above', () => {
  const missing = files.flatMap(({ path, text }) => {
    // A remark to the linter may stand between.
    const lines = text.split('\n').filter((line) => !line.startsWith('// biome-ignore'));
    return lines.flatMap((line, index) => (EXPORT.test(line) && !hasDocstring(lines, index) ? [`${path}:${index + 1}: ${line}`] : []));
  });
  expect(missing).toEqual([]);
});

/** The line before ends a comment that begins with two stars. */
function hasDocstring(lines: readonly string[], index: number): boolean {
  if (!lines[index - 1]?.trimEnd().endsWith('*/')) return false;
  const start = lines.slice(0, index).findLast((line) => line.includes('/*'));
  return start?.trimStart().startsWith('/**') === true;
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
