#!/usr/bin/env node
// Replaces ffmpeg during one run. It records the encoder's command and input, and passes everything on to ffmpeg.
import { spawn } from 'node:child_process';
import { createWriteStream, writeFileSync } from 'node:fs';

const { BENCH_RECORDING: recording = '', BENCH_FFMPEG: ffmpeg = 'ffmpeg' } = process.env;
const args = process.argv.slice(2);
const encodes = args.includes('nut') && args.includes('pipe:0') && !args.includes('null');
const child = spawn(ffmpeg, args, { stdio: [encodes ? 'pipe' : 'inherit', 'inherit', 'inherit', ...(args.includes('pipe:3') ? [3] : [])] });
if (encodes && child.stdin) {
  writeFileSync(`${recording}.json`, JSON.stringify(args.map((arg) => arg.replace(/^pipe:3$/, 'pipe:1'))));
  process.stdin.pipe(createWriteStream(`${recording}.nut`));
  process.stdin.pipe(child.stdin);
}
child.once('close', (code) => {
  process.exitCode = code ?? 1;
});
