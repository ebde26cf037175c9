// Stops the command at a given moment, and tells how it ended.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { COMMAND } from './paced.mjs';
import { FFMPEG } from './programs.mjs';

const CLIP = new URL('../examples/clips/city-360p25.mp4', import.meta.url).pathname;
/** The clip's length in repetitions: no machine is to be done with it before it is stopped. */
const REPEATED = 40;
/** The signals of each way, 20 ms apart. */
export const WAYS = { SIGINT: ['SIGINT'], SIGTERM: ['SIGTERM'], 'SIGINT twice': ['SIGINT', 'SIGINT'] };
/** The arguments of each case, for an output and a clip. */
export const CASES = {
  run: (output, clip) => [clip, output, '--scale', '2', '--preset', 'best'],
  retune: (output, clip) => [clip, output, '--scale', '3', '--retune'],
  realtime: (output, clip) => [clip, output, '--scale', '3', '--realtime'],
  bench: () => ['bench', CLIP, '--frames', '30', '--runs', '1', '--scale', '3'],
  'relay, opening': () => ['relay', 'rtmp://127.0.0.1:1/nobody', '--listen', '127.0.0.1:0'],
};

/** True where it ended as it should: a relay that is stopped has ended well, and before the command has begun a signal ends the process as any other. */
export function isRight(name, { code, files, children }) {
  return files.length === 0 && children.length === 0 && (code === 130 || code === 'early' || (code === 0 && name.startsWith('relay')));
}

/** Runs it in a folder of its own under `root`, and stops it after so long. */
export async function stopOnce(root, name, way, afterMs) {
  const signals = WAYS[way];
  const clip = await longClip(root);
  const folder = await mkdtemp(join(root, 'run-'));
  // Its temporary files, too, are to be seen; and its children are known by it.
  const env = { ...process.env, TMPDIR: folder, SRVID_ENDS: folder };
  const child = spawn(process.execPath, [COMMAND, ...CASES[name](join(folder, 'out.mp4'), clip)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  const closed = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  await delay(afterMs);
  const since = performance.now();
  for (const signal of signals) {
    child.kill(signal);
    await delay(20);
  }
  const ended = await closed;
  const took = performance.now() - since;
  const early = ended.signal === 'SIGTERM' && said === '';
  const code = early ? 'early' : shellCodeOf(ended);
  const children = await childrenLeft(folder);
  const files = await readdir(folder);
  return { code, took, files, children, said: said.slice(-400) };
}

/** A long clip under `root`, made where it is not there yet. */
async function longClip(root) {
  const clip = join(root, 'clip.mp4');
  if (existsSync(clip)) return clip;
  const args = ['-v', 'error', '-y', '-stream_loop', String(REPEATED - 1), '-i', CLIP, '-c', 'copy', clip];
  await promisify(execFile)(FFMPEG, args);
  return clip;
}

/** The exit code as a shell has it: an interrupted command may end by SIGINT itself. */
function shellCodeOf({ code, signal }) {
  return code ?? 128 + constants.signals[signal];
}

/** Children of its that the system has not ended a while after the command; on a busy machine it takes its time. */
async function childrenLeft(folder) {
  for (let look = 0; ; look++) {
    const children = await childrenOf(folder);
    if (children.length === 0 || look === 20) return children;
    await delay(50);
  }
}

/** Processes that were started with this folder in their environment: their names. */
async function childrenOf(folder) {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = (id, what) => readFile(`/proc/${id}/${what}`, 'utf8').catch(() => '');
  const own = await Promise.all(ids.map(async (id) => (await read(id, 'environ')).includes(`SRVID_ENDS=${folder}`) && (await read(id, 'comm')).trim()));
  return own.filter(Boolean);
}
