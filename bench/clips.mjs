// `npm run bench -- clips CLIP|DIR ... [--presets abpn,swift] [--scales 2,3] [--seconds 1]`: how near networks come on video, not
// on stills. Every clip is reduced and restored by `srvid eval`; the table has PSNR, SSIM and flicker beside bicubic's.
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionsOf } from './options.mjs';

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const HEAD = ['clip', 'x', 'method', 'Y-PSNR, dB', 'over bicubic', 'SSIM', 'flicker, levels'];

export function measure(args) {
  const { files, presets, scales, seconds } = optionsOf({ files: [], presets: 'abpn', scales: '3', seconds: '1' }, args);
  if (files.length === 0) throw new Error('Which clips? Name files, or folders of them: npm run bench -- clips DIR');
  console.log(`| ${HEAD.join(' | ')} |\n|${'---|'.repeat(HEAD.length)}`);
  for (const clip of files.flatMap(clipsIn)) {
    for (const scale of scales.split(',')) {
      for (const row of rowsOf(clip, scale, presets.split(','), seconds)) console.log(`| ${[basename(clip), scale, ...row].join(' | ')} |`);
    }
  }
}

function clipsIn(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name));
}

/** The networks', then what anyone has without one. */
function rowsOf(clip, scale, presets, seconds) {
  const found = presets.map((preset) => [preset, scoresOf([clip, '--preset', preset, '--scale', scale, '--duration', seconds])]);
  const baselines = found[0][1].filter(({ method }) => method !== 'srvid').map((score) => [score.method, score]);
  const networks = found.map(([preset, scores]) => [preset, scores.find(({ method }) => method === 'srvid')]);
  return [...networks, ...baselines].map(([name, { psnr, gain, ssim, flicker }]) => [
    name,
    psnr.toFixed(2),
    gain === undefined ? '' : `${gain < 0 ? '' : '+'}${gain.toFixed(2)}`,
    ssim.toFixed(4),
    flicker.toFixed(3),
  ]);
}

function scoresOf(args) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [COMMAND, 'eval', ...args, '--json'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`srvid eval ${args.join(' ')} failed:\n${stderr}`);
  return JSON.parse(stdout).scores;
}
