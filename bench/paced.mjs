// Clips of any length to be shown at their own rate, and runs of the command on them that are watched.
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FFMPEG } from './programs.mjs';

const run = promisify(execFile);
const CLIP = fileURLToPath(new URL('../examples/clips/city-360p25.mp4', import.meta.url));
export const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** The bundled clip at a size and rate, forth and back and again, so long. */
export async function makeClip(folder, { width = 640, height = 360, fps, seconds }) {
  const [loop, path] = [join(folder, `loop-${height}p${fps}.mp4`), join(folder, `clip-${height}p${fps}.mp4`)];
  const filter = `scale=${width}:${height}:flags=area,split[a][b];[b]reverse[r];[a][r]concat=n=2,setpts=N/${fps}/TB,fps=${fps},format=yuv420p`;
  const encode = ['-c:v', 'libx264', '-bf', '0', '-crf', '20', '-r', String(fps), '-y', loop];
  await run(FFMPEG, ['-nostdin', '-v', 'error', '-i', CLIP, '-an', '-filter_complex', filter, ...encode]);
  await run(FFMPEG, ['-nostdin', '-v', 'error', '-stream_loop', '-1', '-i', loop, '-c', 'copy', '-t', String(seconds), '-y', path]);
  return path;
}

/** Runs the command; `onProgress` is called with each progress event, and the child; gives the closing event. */
export async function watch(args, onProgress = () => {}) {
  const child = spawn(process.execPath, [COMMAND, ...args, '--json', '-y'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let end;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.type === 'progress') onProgress(event, child);
    if (event.type === 'end' || event.type === 'error') end = event;
  }
  if (end?.type !== 'end') throw new Error(`srvid failed: ${end?.message}`);
  return end;
}

/** Keeps one core busy until it is called off. */
export function occupyCore() {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  return () => child.kill();
}
