import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { COMMON, instructionFlags, linkFlags } from './flags.mjs';
import { SOURCE } from './sources.mjs';

const PARALLEL = 2;
const run = promisify(execFile);

/**
 * Compiles `sources` and links them to `output`, unless it is there from the same sources, flags and compiler. Objects lie beside it, in
 * a folder of their own, each with the hash of what it was made from.
 * @throws an Error with the compiler's words
 */
export async function compileAll({ compiler, sources, output, kind, extra = [], arch = process.arch }) {
  const headers = readdirSync(SOURCE)
    .filter((name) => name.endsWith('.h'))
    .map((name) => readFileSync(join(SOURCE, name)));
  const objects = `${output}.objects`;
  mkdirSync(objects, { recursive: true });
  const flagsOf = (source) => [...COMMON, ...instructionFlags(compiler.command, source, arch), ...extra];
  const waiting = sources.map((source) => {
    const flags = flagsOf(source);
    const hash = hashOf([compiler.command, compiler.version, ...flags, readFileSync(join(SOURCE, source)), ...headers]);
    return { source, flags, hash, object: join(objects, `${source}.o`) };
  });
  const link = [...linkFlags(kind, compiler.command, objects), ...extra];
  const whole = hashOf([...waiting.map(({ hash }) => hash), ...link]);
  const stamp = join(objects, 'linked');
  if (existsSync(output) && textOf(stamp) === whole) return;
  const stale = waiting.filter(({ object, hash }) => !existsSync(object) || textOf(`${object}.made-from`) !== hash);
  await Promise.all(Array.from({ length: PARALLEL }, () => compileFrom(stale, compiler.command)));
  mkdirSync(dirname(output), { recursive: true });
  // Linking by the compiler replaces the file, and so a process that has the old one loaded keeps it whole.
  await compile(compiler.command, ['-o', output, ...waiting.map(({ object }) => object), ...link]);
  writeFileSync(stamp, whole);
}

/** Takes files from `waiting` until there are none. */
async function compileFrom(waiting, command) {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { source, flags, object, hash } = next;
    await compile(command, [...flags, '-c', join(SOURCE, source), '-o', object]);
    writeFileSync(`${object}.made-from`, hash);
  }
}

/** Runs the compiler. Its warnings are shown; where it fails, its words are the error. */
async function compile(command, parameters) {
  const { stderr } = await run(command, parameters, { maxBuffer: 1 << 26 }).catch((error) => {
    throw new Error(`${command} failed:\n${error.stderr || error.message}`);
  });
  if (stderr) process.stderr.write(stderr);
}

const textOf = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}
