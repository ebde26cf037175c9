// `npm run accept:ends [-- --moments 200] [-- --only realtime]`: stops the command at random moments, in each way and each subcommand, and tells how it ended.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { constants, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { COMMAND } from './paced.mjs';

const { values } = parseArgs({
  options: { moments: { type: 'string', default: '200' }, latest: { type: 'string', default: '3000' }, only: { type: 'string', default: '' } },
});
const CLIP = new URL('../examples/clips/city-360p25.mp4', import.meta.url).pathname;
const WAYS = { SIGINT: ['SIGINT'], SIGTERM: ['SIGTERM'], 'SIGINT twice': ['SIGINT', 'SIGINT'] };
const CASES = {
  run: (output) => [CLIP, output, '--scale', '2', '--preset', 'best'],
  retune: (output) => [CLIP, output, '--scale', '3', '--retune'],
  realtime: (output) => [CLIP, output, '--scale', '3', '--realtime'],
  bench: () => ['bench', CLIP, '--frames', '30', '--runs', '1', '--scale', '3'],
  'relay, opening': () => ['relay', 'rtmp://127.0.0.1:1/nobody', '--listen', '127.0.0.1:0'],
};

const root = await mkdtemp(join(tmpdir(), 'srvid-ends-'));
const rows = [];
try {
  const combinations = Object.keys(CASES)
    .filter((name) => name.includes(values.only))
    .flatMap((name) => Object.keys(WAYS).map((way) => [name, way]));
  const each = Math.ceil(Number(values.moments) / combinations.length);
  for (const [name, way] of combinations) {
    const ends = [];
    for (let moment = 0; moment < each; moment++) ends.push(await stopOnce(CASES[name], WAYS[way], Math.random() * Number(values.latest)));
    const count = (of) => ends.reduce((sum, end) => sum + of(end), 0);
    rows.push({
      case: name,
      way,
      moments: ends.length,
      codes: [...new Set(ends.map(({ code }) => code))].join(', '),
      'longest, ms': Math.round(Math.max(...ends.map(({ took }) => took))),
      'files left': count(({ files }) => files.length),
      'children left': count(({ children }) => children),
      load: loadavg()[0]?.toFixed(1),
    });
    console.error(`${name}, ${way}: ${rows.at(-1).codes}, ${rows.at(-1)['longest, ms']} ms, load ${rows.at(-1).load}`);
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
console.table(rows);
// A relay that is stopped while it runs has ended well. Before the command has begun, a signal ends the process as any other.
const wrong = rows.filter(
  (row) =>
    row['files left'] > 0 ||
    row['children left'] > 0 ||
    row['longest, ms'] > 2000 ||
    !row.codes.split(', ').every((code) => ['130', 'early', ...(row.case.startsWith('relay') ? ['0'] : [])].includes(code)),
);
if (wrong.length > 0) process.exitCode = 1;

async function stopOnce(argumentsOf, signals, afterMs) {
  const folder = await mkdtemp(join(root, 'run-'));
  // Its temporary files, too, are to be seen; and its children are known by it.
  const env = { ...process.env, TMPDIR: folder, SRVID_ENDS: folder };
  const child = spawn(process.execPath, [COMMAND, ...argumentsOf(join(folder, 'out.mp4'))], { env, stdio: ['ignore', 'ignore', 'pipe'] });
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
  if (files.length > 0 || children.length > 0 || took > 2000 || ![130, 0, 'early'].includes(code)) {
    const left = [...files, ...children].join(' ') || 'nothing';
    console.error(
      `  ${signals.length} after ${afterMs.toFixed(0)} ms: ${code} in ${took.toFixed(0)} ms, load ${loadavg()[0]?.toFixed(1)}, left ${left}; ${said.slice(-400)}`,
    );
  }
  return { code, took, files, children: children.length };
}

/** The exit code as a shell has it: an interrupted command may end by SIGINT itself. */
function shellCodeOf({ code, signal }) {
  return code ?? 128 + constants.signals[signal];
}

/** What of its children the system has not ended a while after the command; on a busy machine it takes its time. */
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
