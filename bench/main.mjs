// `npm run bench [-- OPTIONS]` is `srvid bench`; `npm run bench -- MODE` is a measurement that only developers need.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MODES = {
  chroma: './chroma.mjs',
  clips: './clips.mjs',
  engines: './engines.mjs',
  frontier: './frontier.mjs',
  knob: './knob.mjs',
  levels: './levels.mjs',
  lower: './lower.mjs',
  lowering: './lowering.mjs',
  ops: './ops.mjs',
  pcsr: './pcsr.mjs',
  scale: './scale.mjs',
  'same-bytes': './same-bytes.mjs',
  sessions: './sessions.mjs',
};
const [mode, ...rest] = process.argv.slice(2);

if (mode in MODES) {
  const { measure } = await import(MODES[mode]);
  await measure(rest);
} else {
  const command = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  process.exitCode = spawnSync(process.execPath, [command, 'bench', ...process.argv.slice(2)], { stdio: 'inherit' }).status ?? 1;
}
