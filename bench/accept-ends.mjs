// `npm run accept:ends [-- --moments 200] [-- --only realtime]`: stops the command at random moments, in each way and each subcommand, and tells how it ended.
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsOf } from './options.mjs';
import { CASES, isRight, stopOnce, WAYS } from './stopped.mjs';

const LATEST_MS = 2000;
const { moments, latest, only } = optionsOf({ moments: 200, latest: 3000, only: '' });
const root = await mkdtemp(join(tmpdir(), 'srvid-ends-'));
const rows = [];
try {
  const combinations = Object.keys(CASES)
    .filter((name) => name.includes(only))
    .flatMap((name) => Object.keys(WAYS).map((way) => [name, way]));
  const each = Math.ceil(moments / combinations.length);
  for (const [name, way] of combinations) {
    const ends = [];
    for (let moment = 0; moment < each; moment++) ends.push(await randomMoment(name, way));
    const codes = [...new Set(ends.map(({ code }) => code))].map((code) => `${ends.filter((end) => end.code === code).length} x ${code}`);
    const row = {
      case: name,
      way,
      codes: codes.join(', '),
      'longest, ms': Math.round(Math.max(...ends.map(({ took }) => took))),
      wrong: ends.filter(({ isWrong }) => isWrong).length,
      load: load(),
    };
    rows.push(row);
    console.error(Object.values(row).join('; '));
  }
} finally {
  await rm(root, { recursive: true, force: true });
}
console.table(rows);
if (rows.some(({ wrong }) => wrong > 0)) process.exitCode = 1;

async function randomMoment(name, way) {
  const afterMs = Math.random() * latest;
  const end = await stopOnce(root, name, way, afterMs);
  const { code, took, files, children, said } = end;
  const isWrong = took > LATEST_MS || !isRight(name, end);
  const left = [...files, ...children].join(' ') || 'nothing';
  if (isWrong) console.error(`  ${name} after ${afterMs.toFixed(0)} ms: ${code} in ${took.toFixed(0)} ms at load ${load()}, left ${left}; ${said}`);
  return { ...end, isWrong };
}

/** The machine's load, which may be why something is late where the command is not. */
function load() {
  return loadavg()[0]?.toFixed(1);
}
