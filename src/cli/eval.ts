import type { Command } from 'commander';
import { evaluate } from '../eval/evaluate.js';
import { plotPsnr } from '../eval/plot.js';
import type { Evaluation, Score } from '../eval/report.js';
import { Drawing } from './drawing.js';
import { collect, number, type RunFlags, requestFrom, time } from './run-options.js';
import { table } from './table.js';

type EvalFlags = Pick<
  RunFlags,
  'preset' | 'plugin' | 'scale' | 'precision' | 'models' | 'workers' | 'allowReferences' | 'maxPixels' | 'start' | 'duration' | 'json' | 'yes'
> & {
  readonly plot?: string;
};

/** Declares `srvid eval <input> [options]`. */
export function addEvalOptions(command: Command): Command {
  return command
    .description('measure a preset: reduce originals, restore them, compare (docs/eval.md)')
    .argument('<input>', 'a folder of pictures, a picture or a video, in full size')
    .option('--preset <name|file>', 'what to measure (default: abpn)')
    .option('--plugin <spec>', "add a plugin after the preset's (repeatable)", collect)
    .option('--scale <n>', 'reduce and enlarge n times (default: 2)', number)
    .option('--precision <p>', 'auto, int8 or fp32 (default: auto)')
    .option('--models <dir>', "networks from this folder's manifest.json instead of srvid's own")
    .option('--workers <n>', 'threads that run networks (default: one a core)', number)
    .option('--allow-references', 'let a video name other files to open: playlists, scripts, numbered pictures')
    .option('--max-pixels <n>', 'refuse pictures of more pixels (default: 35389440, 8K)', number)
    .option('--start <time>', 'of a video: begin here', (text) => time(text, '--start'))
    .option('--duration <time>', 'of a video: stop after this much', (text) => time(text, '--duration'))
    .option('--plot <file>', 'draw the PSNR of every frame, as .png or .svg')
    .option('--json', 'as JSON, with every frame or picture')
    .option('-y, --yes', 'overwrite the plot where it exists');
}

/** `srvid eval` */
export async function printEvaluation(input: string, { plot, yes, json, ...flags }: EvalFlags, interrupt: AbortSignal): Promise<void> {
  // Whatever is wrong with the plot is said before minutes of work.
  const drawing = plot === undefined ? undefined : await Drawing.prepare('--plot', plot, input, yes ?? false);
  const counting = process.stderr.isTTY === true && !json;
  const onItem = (done: number, total: number | undefined) => {
    if (counting) process.stderr.write(`\r\x1b[K${done}${total === undefined ? '' : `/${total}`} measured`);
  };
  const evaluation = await evaluate(requestFrom(input, '-', flags), { signal: interrupt, onItem }).finally(() => counting && process.stderr.write('\r\x1b[K'));
  for (const warning of evaluation.warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(json ? `${JSON.stringify(evaluation)}\n` : `${evaluationText(evaluation)}\n`);
  await drawing?.write(plotPsnr(evaluation));
}

function evaluationText({ kind, preset, models, precision, scale, border, count, scores }: Evaluation): string {
  const what = `${count} ${kind === 'clip' ? 'frame' : 'picture'}${count === 1 ? '' : 's'}`;
  const networks = models.length > 0 ? `${models.join(', ')} (${precision})` : 'no network';
  const columns = COLUMNS.filter(({ of }) => scores.some((score) => of(score) !== undefined));
  const rows = scores.map((score) => [score.method === 'srvid' ? `srvid: ${preset}` : score.method, ...columns.map(({ of }) => of(score) ?? '')]);
  return `${what}, x${scale}, ${networks}; a border of ${border} pixels is left out\n${table([['method', ...columns.map(({ title }) => title)], ...rows])}`;
}

const COLUMNS: readonly { readonly title: string; readonly of: (score: Score) => string | undefined }[] = [
  { title: 'Y-PSNR', of: ({ psnr }) => `${psnr.toFixed(3)} dB` },
  { title: 'over bicubic', of: ({ gain }) => `${gain >= 0 ? '+' : ''}${gain.toFixed(3)} dB` },
  { title: 'SSIM', of: ({ ssim }) => ssim.toFixed(4) },
  { title: 'RGB-PSNR', of: ({ rgbPsnr }) => (rgbPsnr === undefined ? undefined : `${rgbPsnr.toFixed(3)} dB`) },
  { title: 'luma shift', of: ({ lumaShift }) => lumaShift.toFixed(3) },
  { title: 'flicker', of: ({ flicker }) => flicker?.toFixed(3) },
];
