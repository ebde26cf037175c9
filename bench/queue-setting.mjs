// Workers and a submitter on this machine, for measurements of several machines.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareClip } from '../dist/bench/clip.js';
import { FFMPEG } from './programs.mjs';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** A worker, on one core where one is given. `segments` are what it has told of those that are done, with the time at which each came. */
export async function startWorker({ url, share, core }) {
  const [program, args] = core === undefined ? [process.execPath, []] : ['taskset', ['-c', `${core}`, process.execPath]];
  const child = spawn(program, [...args, COMMAND, 'worker', '--queue', url, '--share', share, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const segments = [];
  const started = [];
  await new Promise((ready) => {
    let rest = '';
    child.stdout.on('data', (chunk) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const event = JSON.parse(line);
        if (event.type === 'ready') ready();
        if (event.type === 'segment-started') started.push(event.index);
        if (event.type === 'segment-done') segments.push({ ...event, at: performance.now() });
      }
    });
  });
  const end = async (signal = 'SIGTERM') => {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  return { segments, started, end };
}

/** Submits a video and waits. @returns the seconds from the first frame until the output has its name */
export async function submit({ url, share, input, output, args, onProgress = () => {} }) {
  const child = spawn(process.execPath, [COMMAND, input, output, '--queue', url, '--share', share, '--json', '-y', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let begun = 0;
  let rest = '';
  for await (const chunk of child.stdout) {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const event = JSON.parse(line);
      if (event.type === 'start') begun = performance.now();
      if (event.type === 'segments') onProgress(event);
      if (event.type === 'error') throw new Error(event.message);
      if (event.type === 'end') return { seconds: (performance.now() - begun) / 1000, frames: event.framesOut };
    }
  }
  throw new Error('the submitter ended without a result');
}

/** A clip of 360p that can be cut each second. @returns its path */
export async function clipOfSeconds(folder, seconds) {
  const { path } = await prepareClip(FFMPEG, { source: undefined, size: { width: 640, height: 360 }, frames: seconds * 25, folder });
  const cuttable = join(folder, 'in.mkv');
  const child = spawn(FFMPEG, ['-nostdin', '-v', 'error', '-i', path, '-c:v', 'libx264', '-crf', '20', '-g', '25', '-y', cuttable], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}`);
  return cuttable;
}
