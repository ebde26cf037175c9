import { readdir, readFile } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { describe, sourceFiles } from '../helpers/source-files.js';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
const MAX_LINES = 280;

const files = await sourceFiles(SOURCE);
const TESTS = fileURLToPath(new URL('../', import.meta.url));
const paths = (await readdir(SOURCE, { recursive: true })).filter((path) => extname(path) !== '').map((path) => join(SOURCE, path));
const tests = (await readdir(TESTS, { recursive: true })).filter((path) => /\.(ts|mjs|js)$/.test(path)).map((path) => join(TESTS, path));

const importersOf = (name: string) =>
  files
    .filter((file) => file.packages.includes(name))
    .map((file) => file.path)
    .sort();

/** The room of a file: its folder, or the file itself where it lies in src/. */
const top = (path: string) => path.split('/')[0] as string;
const roomOf = (path: string) => (path.includes('/') ? dirname(path) : path);

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

test('no file imports itself, through however many others, types included', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) throw new Error(`a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}`);
    if (done.has(path)) return;
    for (const next of byPath.get(path)?.own ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const file of files) visit(file.path, []);
  expect(done.size).toBe(files.length);
});

const FRAMES = ['pipeline/frames'];
const MEDIA = [...FRAMES, 'pipeline/nut', 'pipeline/ffmpeg', 'pipeline/input', 'pipeline/output'];
const PLAN = ['options', 'plugins', 'plugins/inference', 'plugins/plan'];
const ENGINE = ['pipeline/engine', 'pipeline/engine/lossless', 'pipeline/engine/realtime'];

/**
 * The rooms that each room may import from, beside itself and the ROOTS. A room stands below those that it may import
 * from, so that there can be no circle among rooms.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'version.ts': [],
  'bounded-file.ts': [],
  'similar-name.ts': [],
  'counted.ts': [],
  'user-folders.ts': [],
  'kept-values.ts': ['bounded-file.ts', 'user-folders.ts'],
  'plugin-spec.ts': [],
  onnx: [],
  client: [],
  'pipeline/frames': [],
  'pipeline/policies': [],
  'pipeline/nut': FRAMES,
  'pipeline/ffmpeg': FRAMES,
  'pipeline/input': [...FRAMES, 'pipeline/nut', 'pipeline/ffmpeg'],
  'pipeline/output': MEDIA,
  options: ['pipeline/policies'],
  'plugins/threads': ['plugins/inference/native'],
  plugins: [...FRAMES, 'plugins/threads'],
  'plugins/pixels': [...FRAMES, 'plugins'],
  'plugins/pixels/assembly': [],
  'plugins/inference/native': ['onnx'],
  'plugins/inference': ['onnx', 'plugins', 'plugins/threads', 'plugins/pixels', 'plugins/inference/native'],
  'plugins/networks': [...FRAMES, 'plugins', 'plugins/pixels'],
  'plugins/builtin': [...FRAMES, 'plugins', 'plugins/networks', 'plugins/pixels'],
  'plugins/own': [...FRAMES, 'onnx', 'plugins', 'plugins/pixels', 'plugins/inference'],
  'plugins/plan': [...FRAMES, 'options', 'plugins', 'plugins/inference', 'plugins/own'],
  'plugins/workers': [...FRAMES, 'plugins', 'plugins/threads', 'plugins/pixels', 'plugins/inference', 'plugins/plan'],
  tuning: [...FRAMES, ...PLAN, 'plugins/workers'],
  'pipeline/engine': [...MEDIA, 'plugins', 'plugins/inference', 'plugins/plan'],
  'pipeline/engine/lossless': ['pipeline/engine', ...MEDIA, 'plugins', 'plugins/plan', 'plugins/workers'],
  'pipeline/engine/realtime': ['pipeline/engine', ...MEDIA, 'pipeline/policies', 'plugins', 'plugins/inference', 'plugins/plan', 'plugins/workers', 'tuning'],
  'processing.ts': [...ENGINE, ...FRAMES, ...PLAN, 'plugins/pixels', 'tuning'],
  report: [...ENGINE, ...MEDIA, ...PLAN, 'processing.ts'],
  'prepare.ts': ['report', 'processing.ts', 'options', ...MEDIA, 'plugins/plan'],
  jobs: ['prepare.ts', 'report', 'processing.ts', ...ENGINE, ...MEDIA, ...PLAN],
  'session.ts': ['jobs', 'prepare.ts', 'report', 'processing.ts', ...ENGINE, ...MEDIA, ...PLAN],
  eval: [...ENGINE, ...MEDIA, ...PLAN, 'plugins/pixels'],
  doctor: ['eval', 'onnx', ...MEDIA, 'plugins', 'plugins/inference', 'plugins/pixels'],
  bench: ['processing.ts', 'report', 'tuning', 'plugins/own', ...ENGINE, ...MEDIA, ...PLAN],
  'relay/fmp4': ['options'],
  'relay/delivery': ['client', 'options', ...FRAMES, 'relay/fmp4'],
  'relay/source': MEDIA,
  'relay/stream': ['relay/source', 'relay/delivery', 'relay/fmp4', 'processing.ts', 'report', ...ENGINE, ...MEDIA, ...PLAN],
  'relay/server': ['relay/source', 'relay/delivery', 'relay/stream', 'report', 'options', ...FRAMES],
  'relay/page': ['client'],
  relay: ['relay/server', 'relay/stream', 'options', 'pipeline/ffmpeg', 'pipeline/input', 'plugins/plan'],
  'plugin.ts': ['plugins'],
  testing: [...FRAMES, ...ENGINE, 'plugins', 'plugins/inference', 'plugins/own', 'plugins/plan', 'plugins/workers'],
  'plugin-testing.ts': ['testing'],
  scaffold: [],
  queue: ['jobs', 'prepare.ts', 'plugins', ...MEDIA],
  folders: ['session.ts', 'jobs', 'processing.ts', 'report', 'options', 'plugins', ...MEDIA],
  'program-session.ts': ['session.ts', 'report', 'options'],
  api: ['program-session.ts', 'session.ts', 'prepare.ts', 'processing.ts', 'report', 'options', ...ENGINE, ...MEDIA, 'plugins/pixels', 'plugins/plan'],
  'index.ts': ['api', 'program-session.ts', 'session.ts', 'report', 'options', 'plugins/inference', 'plugins/plan'],
  cli: [
    'bench',
    'doctor',
    'eval',
    'folders',
    'queue',
    'scaffold',
    'testing',
    'relay',
    'relay/server',
    'jobs',
    'session.ts',
    'report',
    'onnx',
    ...MEDIA,
    ...PLAN,
    'plugins/own',
    'plugins/threads',
  ],
};
/** Files that every room may import. */
const ROOTS = ['errors.ts', 'version.ts', 'bounded-file.ts', 'counted.ts', 'similar-name.ts', 'user-folders.ts', 'kept-values.ts', 'plugin-spec.ts'];

test.each(files.map((file) => [file.path, file] as const))('%s imports nothing from above it', (_, file) => {
  const allowed = ALLOWED[roomOf(file.path)];
  expect(allowed, `room ${roomOf(file.path)} has no place in the layout`).toBeDefined();
  for (const path of file.own.filter((own) => !ROOTS.includes(own) && roomOf(own) !== roomOf(file.path)))
    expect(allowed, `${file.path} imports ${path}`).toContain(roomOf(path));
});

test('rooms stand in an order: none is above itself', () => {
  const visit = (room: string, trail: readonly string[]) => {
    if (trail.includes(room)) throw new Error(`a circle of rooms: ${[...trail, room].join(' -> ')}`);
    for (const below of ALLOWED[room] ?? []) if (below !== room) visit(below, [...trail, room]);
  };
  for (const room of Object.keys(ALLOWED)) visit(room, []);
});

test('every room that the layout names has files', () => {
  const rooms = new Set(files.map(({ path }) => roomOf(path)));
  expect([...rooms].sort()).toEqual(Object.keys(ALLOWED).sort());
});

test('srvid’s own plugins use what any plugin may use, and the arithmetic beside them', () => {
  const open = [
    'plugins/contract.ts',
    'plugins/networks/luma-network.ts',
    'plugins/networks/pixel-adaptive-network.ts',
    'plugins/networks/planar-network.ts',
    'plugins/networks/restoring-luma-network.ts',
    'plugins/networks/rgb-network.ts',
    'plugins/pixels/resample.ts',
    'pipeline/frames/frame.ts',
  ];
  for (const file of files.filter(({ path }) => path.startsWith('plugins/builtin/')))
    for (const path of file.own) expect(open, `${file.path} imports ${path}`).toContain(path);
});

test.each([
  ['rxjs', ['pipeline/engine/graph.ts', 'pipeline/engine/lossless/flow.ts']],
  ['fluent-ffmpeg', ['pipeline/ffmpeg/command.ts']],
  ['node-worker-threads-pool', ['plugins/threads/watched-pool.ts']],
  ['onnxruntime-node', ['plugins/inference/onnx-library.ts']],
  ['ws', ['relay/server/connection.ts']],
  ['env-paths', ['user-folders.ts']],
  ['tinyglobby', ['folders/find-files.ts']],
  ['bullmq', ['queue/bull.ts']],
  ['ioredis', ['queue/bull.ts']],
  ['aws4fetch', ['queue/s3-storage.ts']],
])('%s is imported by %j alone', (name, expected) => {
  expect(importersOf(name)).toEqual(expected);
});

test.each([
  ['commander', 'cli'],
  ['@bufbuild/protobuf', 'onnx'],
])('%s stays within %s', (name, room) => {
  expect([...new Set(importersOf(name).map(roomOf))]).toEqual([room]);
});

test('nothing but the command imports the relay', () => {
  const importers = files.filter((file) => top(file.path) !== 'relay' && file.own.some((path) => top(path) === 'relay'));
  expect([...new Set(importers.map(({ path }) => top(path)))]).toEqual(['cli']);
});

test('renditions, viewers and the MP4 splitter know nothing of sockets', () => {
  const apart = files.filter(
    ({ path }) => path.startsWith('relay/fmp4/') || ['relay/delivery/rendition.ts', 'relay/delivery/viewer.ts', 'relay/delivery/dialect.ts'].includes(path),
  );
  expect(apart.length).toBeGreaterThan(5);
  for (const { path, own } of apart) {
    expect(own.map(roomOf), path).not.toContain('relay/server');
  }
});

test('what a browser is given imports nothing but what it is given with', () => {
  for (const file of files.filter(({ path }) => top(path) === 'client' || path.startsWith('relay/page/'))) {
    expect(file.packages, file.path).toEqual([]);
    for (const path of file.own) expect(path, `${file.path} imports ${path}`).toMatch(/^(?:client\/|relay\/page\/|errors\.ts$)/);
  }
});

test('every package that is imported is a dependency, or a peer of those who want it, and each of these is imported', async () => {
  const manifest: Record<string, Record<string, string>> = JSON.parse(await readFile(join(SOURCE, '../package.json'), 'utf8'));
  const imported = [...new Set(files.flatMap((file) => file.packages))].sort();
  expect(imported).toEqual(Object.keys({ ...manifest['dependencies'], ...manifest['peerDependencies'] }).sort());
});

test('the packages of the queue are loaded when it is asked for, and not before', () => {
  for (const { path, packagesAtLoad } of files) for (const name of ['bullmq', 'ioredis', 'aws4fetch']) expect(packagesAtLoad, path).not.toContain(name);
  const importers = files.filter((file) => top(file.path) !== 'queue' && file.own.some((path) => top(path) === 'queue'));
  expect([...new Set(importers.map(({ path }) => top(path)))]).toEqual(['cli']);
});

test.each([...paths, ...tests].map((path) => [relative(join(SOURCE, '..'), path), path]))(
  '%s is short enough to read, whatever it is written in',
  async (_, path) => {
    const text = await readFile(path as string, 'utf8');
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(MAX_LINES);
  },
);

test('only the command ends the process', async () => {
  for (const { path } of files.filter((file) => top(file.path) !== 'cli')) {
    expect(await readFile(join(SOURCE, path), 'utf8'), path).not.toMatch(/(?<!called )process\.exit\(/);
  }
});
