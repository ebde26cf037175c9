import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './tools.mjs';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** One run of the command on the benchmark's settings; its closing event. */
export async function srvid([input, output], env = {}) {
  const args = [COMMAND, input, output, '--preset', 'abpn', '--scale', '3', '--encoder-option', 'preset=ultrafast', '--json', '-y'];
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

export function endToEnd(clip, folder) {
  return srvid([clip.path, join(folder, 'whole.mp4')]);
}
