// Runs of one video in one piece and in segments, and what of them is compared.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { FFMPEG, FFPROBE } from './programs.mjs';

const RUN = fileURLToPath(new URL('./told-run.mjs', import.meta.url));
const run = promisify(execFile);

/**
 * Runs a session in a process of its own, and kills it after some milliseconds where they are given.
 * @returns its events, each with `at`, the seconds since the start; its exit code, what it said, the seconds it took, and those of CPU, with all of ffmpeg
 */
export async function session(input, output, options, killAfterMs) {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const timed = ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', process.execPath, RUN, input, output, JSON.stringify(options)];
  const [program, args] = killAfterMs === undefined ? ['bash', timed] : [process.execPath, timed.slice(4)];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [rest, said] = ['', ''];
  const events = [];
  child.stdout.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop();
    for (const line of lines) events.push({ ...JSON.parse(line), at: seconds() });
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const code = await new Promise((ended) => child.once('close', ended));
  clearTimeout(timer);
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(said) ?? [];
  return { code, events, said, seconds: seconds(), cpu: Number(user) + Number(system) };
}

/** Frames as they are decoded, packets beside them, both with their times, and what the container says of its streams: a hash of each. */
export async function seen(path) {
  const sums = async (...args) =>
    hashOf((await run(FFMPEG, ['-v', 'error', '-copyts', '-i', path, ...args, '-f', 'framemd5', '-'], { maxBuffer: 1 << 28 })).stdout);
  const entries = 'stream=codec_name,width,height,pix_fmt,color_range,color_space,field_order,time_base,start_time,channels:chapter';
  const { stdout } = await run(FFPROBE, ['-v', 'error', '-of', 'json', '-show_entries', entries, path]);
  return {
    frames: await sums('-map', '0:v', '-c:v', 'rawvideo', '-fps_mode', 'passthrough', '-enc_time_base', '-1'),
    beside: await sums('-map', '0', '-map', '-0:v', '-c', 'copy').catch(() => 'none'),
    streams: hashOf(stdout),
  };
}

/** The names of what differs between two videos, as `seen` has them. */
export function differences(one, other) {
  return Object.keys(one).filter((name) => one[name] !== other[name]);
}

function hashOf(text) {
  return createHash('md5').update(text).digest('hex');
}
