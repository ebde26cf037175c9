import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
const MAX_LINES = 280;

interface SourceFile {
  /** From src/, "pipeline/time.ts". */
  readonly path: string;
  readonly lines: number;
  /** Files of srvid that it imports, types included. */
  readonly own: readonly string[];
  /** The same without those that only types come from: what is loaded when it runs. */
  readonly ownAtRunTime: readonly string[];
  /** Packages that it imports, in any way. */
  readonly packages: readonly string[];
}

const files = await Promise.all(
  (await readdir(SOURCE, { recursive: true }))
    .filter((path) => path.endsWith('.ts'))
    .map(async (path) => describe(path, await readFile(join(SOURCE, path), 'utf8'))),
);

function describe(path: string, text: string): SourceFile {
  const clauses = [
    ...text.matchAll(/^(?:import|export)\s+(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm),
    ...[...text.matchAll(/\bimport\('([^']+)'\)/g)].map((match) => ['', '', match[1]] as const),
  ].map(([, names = '', from]) => ({ typeOnly: isTypeOnly(names), from: from as string }));
  const resolved = ({ from }: { from: string }) => normalize(join(dirname(path), from)).replace(/\.js$/, '.ts');
  const own = clauses.filter(({ from }) => from.startsWith('.'));
  return {
    path,
    lines: text.split('\n').length - 1,
    own: own.map(resolved),
    ownAtRunTime: own.filter(({ typeOnly }) => !typeOnly).map(resolved),
    packages: clauses.map(({ from }) => packageOf(from)).filter((from) => !from.startsWith('.') && !from.startsWith('node:')),
  };
}

/** "@scope/name/part" is part of "@scope/name". */
function packageOf(from: string): string {
  return from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : from;
}

/** "type { A }", "{ type A, type B }" and "type *" bring nothing that runs. */
function isTypeOnly(names: string): boolean {
  if (/^type\s/.test(names)) return true;
  const braces = /^\{(.*)\}$/s.exec(names.trim())?.[1];
  const parts = braces
    ?.split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  return parts !== undefined && parts.length > 0 && parts.every((part) => part.startsWith('type '));
}

const importersOf = (name: string) =>
  files
    .filter((file) => file.packages.includes(name))
    .map((file) => file.path)
    .sort();
const folder = (path: string) => (path.includes('/') ? (path.split('/')[0] as string) : 'top');

test('the test itself reads imports in every form', () => {
  const read = describe(
    'a/b.ts',
    `import x from 'p';\nimport type { T } from './t.js';\nimport { type U, u } from '../u.js';\nexport * from './e.js';\nexport type * from './f.js';\nconst v = await import('./v.js');\nimport {\n  type W,\n} from 'w';\nimport 'node:fs';\n`,
  );
  expect(read.own.toSorted()).toEqual(['a/e.ts', 'a/f.ts', 'a/t.ts', 'a/v.ts', 'u.ts']);
  expect(read.ownAtRunTime.toSorted()).toEqual(['a/e.ts', 'a/v.ts', 'u.ts']);
  expect(read.packages).toEqual(['p', 'w']);
  expect(files.length).toBeGreaterThan(40);
});

test('every import leads to a file', () => {
  const paths = new Set(files.map((file) => file.path));
  for (const file of files) for (const path of file.own) expect(paths, `${file.path} imports ${path}`).toContain(path);
});

test('no file imports itself, through however many others', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) throw new Error(`a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
    if (done.has(path)) return;
    for (const next of byPath.get(path)?.ownAtRunTime ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  expect(done.size).toBe(files.length);
});

/** What each folder may import from which; `top` is what lies in src/ itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  cli: ['cli', 'bench', 'health', 'eval', 'relay', 'top', 'plugins', 'pipeline', 'onnx'],
  bench: ['bench', 'top', 'plugins', 'pipeline'],
  health: ['health', 'eval', 'plugins', 'pipeline', 'onnx'],
  eval: ['eval', 'top', 'plugins', 'pipeline'],
  relay: ['relay', 'client', 'top', 'plugins', 'pipeline'],
  client: ['client'],
  top: ['top', 'plugins', 'pipeline'],
  plugins: ['plugins', 'pipeline', 'onnx'],
  pipeline: ['pipeline'],
  onnx: ['onnx'],
};
const ROOTS = ['errors.ts', 'session-options.ts', 'options.ts', 'bounded-file.ts'];

test.each(files.map((file) => [file.path, file] as const))('%s imports nothing from above it', (_, file) => {
  const allowed = ALLOWED[folder(file.path)];
  expect(allowed, `folder ${folder(file.path)} has no place in the layout`).toBeDefined();
  for (const path of file.own.filter((own) => !ROOTS.includes(own))) expect(allowed, `${file.path} imports ${path}`).toContain(folder(path));
});

test('errors, the table of options and options import only one another, in this order', () => {
  for (const [index, root] of ROOTS.entries()) {
    const file = files.find(({ path }) => path === root);
    expect(file?.own.filter((path) => !ROOTS.slice(0, index).includes(path))).toEqual([]);
  }
});

test('the pipeline takes what it is told and knows no options', () => {
  for (const file of files.filter(({ path }) => folder(path) === 'pipeline')) expect(file.own).not.toContain('options.ts');
});

test('plugins know frames, time, stages and the memory they lie in, and nothing else of the pipeline', () => {
  const known = ['frame', 'time', 'stage', 'ring', 'stats'].map((name) => `pipeline/${name}.ts`);
  for (const file of files.filter(({ path }) => folder(path) === 'plugins')) {
    for (const path of file.own.filter((own) => folder(own) === 'pipeline')) expect(known, `${file.path} imports ${path}`).toContain(path);
  }
});

test('srvid’s own plugins use what any plugin may use, and the arithmetic beside them', () => {
  for (const file of files.filter(({ path }) => path.startsWith('plugins/builtin/'))) {
    for (const path of file.own)
      expect(
        ['plugins/plugin.ts', 'plugins/luma-network.ts', 'plugins/rgb-network.ts', 'plugins/resample.ts', 'pipeline/frame.ts'],
        `${file.path} imports ${path}`,
      ).toContain(path);
  }
});

test.each([
  ['rxjs', ['pipeline/flow.ts', 'pipeline/graph.ts']],
  ['fluent-ffmpeg', ['pipeline/ffmpeg-command.ts']],
  ['node-worker-threads-pool', ['plugins/watched-pool.ts']],
  ['onnxruntime-node', ['plugins/onnx-library.ts']],
  [
    'commander',
    [
      'cli/add-options.ts',
      'cli/bench.ts',
      'cli/eval.ts',
      'cli/examine.ts',
      'cli/exit-code.ts',
      'cli/lower.ts',
      'cli/options-page.ts',
      'cli/program.ts',
      'cli/relay.ts',
      'cli/run-options.ts',
    ],
  ],
  ['ws', ['relay/connection.ts']],
  [
    '@bufbuild/protobuf',
    ['onnx/attribute.ts', 'onnx/external-data.ts', 'onnx/fields.ts', 'onnx/graph.ts', 'onnx/model-file.ts', 'onnx/schema.ts', 'onnx/tensor.ts'],
  ],
])('%s is imported by %j alone', (name, expected) => {
  expect(importersOf(name)).toEqual(expected);
});

test('nothing but the command imports the relay', () => {
  const importers = files.filter((file) => folder(file.path) !== 'relay' && file.own.some((path) => folder(path) === 'relay'));
  expect([...new Set(importers.map(({ path }) => folder(path)))]).toEqual(['cli']);
});

test('renditions, viewers and the MP4 splitter know nothing of sockets', () => {
  const apart = files.filter(({ path }) => path.startsWith('relay/fmp4/') || ['relay/rendition.ts', 'relay/viewer.ts', 'relay/dialect.ts'].includes(path));
  expect(apart.length).toBeGreaterThan(5);
  for (const { path, own } of apart) {
    for (const name of ['server', 'connection', 'answer', 'gate', 'viewing', 'pushing']) expect(own, path).not.toContain(`relay/${name}.ts`);
  }
});

test('what a browser is given imports nothing but what it is given with', () => {
  for (const file of files.filter(({ path }) => folder(path) === 'client' || path.startsWith('relay/page/'))) {
    expect(file.packages, file.path).toEqual([]);
    for (const path of file.own) expect(path, `${file.path} imports ${path}`).toMatch(/^(?:client\/|relay\/page\/|errors\.ts$)/);
  }
});

test('every package that is imported is a dependency, and every dependency is imported', async () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(await readFile(join(SOURCE, '../package.json'), 'utf8'));
  const imported = [...new Set(files.flatMap((file) => file.packages))].sort();
  expect(imported).toEqual(Object.keys(manifest.dependencies).sort());
});

test.each(files.map((file) => [file.path, file.lines] as const))('%s is short enough to read', (_, lines) => {
  expect(lines).toBeLessThanOrEqual(MAX_LINES);
});

test('only the command ends the process', async () => {
  for (const { path } of files.filter((file) => folder(file.path) !== 'cli')) {
    expect(await readFile(join(SOURCE, path), 'utf8'), path).not.toMatch(/(?<!called )process\.exit\(/);
  }
});
