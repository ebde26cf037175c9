import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { tied } from './tied-process.js';

/**
 * The output of ffmpeg or ffprobe that reads what `feed` writes to its standard input.
 * @throws Error with its last words, where it fails or is not done in time
 */
export async function outputOfPipe(file: string, args: readonly string[], feed: (stdin: Writable) => void, timeoutMs: number): Promise<string> {
  const command = tied(file, args);
  const child = spawn(command.file, command.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const [out, said]: Buffer[][] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  child.stdin.on('error', () => {}); // It stops reading as soon as it knows enough.
  const closed = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  feed(child.stdin);
  const code = await closed;
  clearTimeout(timer);
  if (code !== 0) throw new Error(Buffer.concat(said).toString().trim() || `ffprobe ended with ${code}`);
  return Buffer.concat(out).toString();
}
