import { createHash } from 'node:crypto';
import { access, constants, open, realpath } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { cacheFile, KeptValues } from '../../kept-values.js';
import { PATIENCE_MS } from '../frames/timeout.js';
import { runTool } from './tied-process.js';

const LEAST_BYTES = 4;
/** First bytes of programs in machine code: ELF, Mach-O of 64 bits, Mach-O for several processors. */
const MACHINE_CODE = new Set(['7f454c46', 'cffaedfe', 'cafebabe']);
/** Variables by which a program is given other libraries than its own. */
const LIBRARIES = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'DYLD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES'];

/**
 * Words that a build of ffmpeg or ffprobe prints about itself, such as its version or an encoder's options. Starting the
 * program takes a tenth of a second and more, so its words are kept between runs until the program is another one.
 * @throws Error with the program's messages as `stderr`
 */
export async function answerOf(program: string, args: readonly string[]): Promise<string> {
  const about = `says ${args.join(' ')}`;
  const known = await recall([program], about);
  if (typeof known === 'string') return known;
  const { stdout } = await runTool(program, args, { maxBuffer: 1 << 22, timeout: PATIENCE_MS });
  await keep([program], about, stdout);
  return stdout;
}

/** The value that was kept about these programs under this name. Undefined where nothing is, or where one of them is another than it was. */
export async function recall(programs: readonly string[], about: string): Promise<unknown> {
  const name = await nameOf(programs, about);
  return name === undefined ? undefined : answers().get(name);
}

/** Keeps a fact that follows from these programs and the name alone. JSON values only. */
export async function keep(programs: readonly string[], about: string, value: unknown): Promise<void> {
  const name = await nameOf(programs, about);
  if (name !== undefined) await answers().set({ [name]: value });
}

function answers(): KeptValues {
  return new KeptValues(cacheFile('ffmpeg.json'));
}

async function nameOf(programs: readonly string[], about: string): Promise<string | undefined> {
  const builds = await Promise.all(programs.map(buildOf));
  if (builds.includes(undefined)) return undefined;
  const text = JSON.stringify([builds, LIBRARIES.map((variable) => process.env[variable] ?? ''), about]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * A program's file, size and time of change, by which an upgrade is seen. Undefined where these do not tell: a script, and a
 * starter of another name, such as snap's, may start another program tomorrow. So may the starters that Windows is used to.
 */
async function buildOf(program: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    const path = await realpath(await found(program));
    if (!/^ff(mpeg|probe)/.test(basename(path))) return undefined;
    const file = await open(path);
    try {
      const [{ size, mtimeMs }, { buffer }] = await Promise.all([file.stat(), file.read(Buffer.alloc(LEAST_BYTES), 0, LEAST_BYTES, 0)]);
      return MACHINE_CODE.has(buffer.toString('hex')) ? `${path} ${size} ${mtimeMs}` : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** The place of a program that is given by path, or by a name on the PATH. */
async function found(program: string): Promise<string> {
  if (program.includes('/')) return program;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (await isProgram(path)) return path;
  }
  throw new Error(`${program} is not on the PATH`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
