import type { Command } from 'commander';
import { evaluate } from '../eval/evaluate.js';
import { plotPsnr } from '../eval/plot.js';
import type { Evaluation, Score } from '../eval/report.js';
import { addOptions, type CommandOption, sessionOption } from './add-options.js';
import { Drawing } from './drawing.js';
import { printable } from './printable.js';
import { type RunFlags, requestFrom } from './run-options.js';
import { table } from './table.js';

interface EvalFlags extends RunFlags {
  readonly plot?: string;
  readonly yes?: boolean;
}

const OPTIONS: readonly CommandOption[] = [
  sessionOption('preset', { help: 'preset to measure' }),
  sessionOption('plugins', { help: "add a plugin after the preset's (repeatable)" }),
  sessionOption('scale', { help: 'reduce and enlarge n times' }),
  sessionOption('precision', { fallback: 'auto' }),
  sessionOption('models'),
  sessionOption('workers', { fallback: 'one a core' }),
  sessionOption('allowReferences', { help: 'let a video name other files to open: playlists, scripts, numbered pictures' }),
  sessionOption('maxPixels', { help: 'refuse pictures of more pixels' }),
  sessionOption('start', { help: 'of a video: begin here' }),
  sessionOption('duration', { help: 'of a video: stop after this much' }),
  { flag: '--plot <file>', help: 'draw the PSNR of every frame, as .png or .svg' },
  { flag: '--json', form: 'switch', help: 'as JSON, with every frame or picture' },
  sessionOption('overwrite', { help: 'overwrite the plot if it exists' }),
];

/** Declares `srvid eval <input> [options]`. */
export function addEvalOptions(command: Command): Command {
  command.description('measure a preset: reduce originals, restore them, compare (docs/eval.md)');
  command.argument('<input>', 'a folder of pictures, a picture or a video, in full size');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid eval` and prints its table, or JSON. */
export async function printEvaluation(input: string, { plot, yes, json, ...flags }: EvalFlags, interrupt: AbortSignal): Promise<void> {
  // Errors of the plot's file are found here, before minutes of work.
  const drawing = plot === undefined ? undefined : await Drawing.prepare('--plot', plot, input, yes ?? false);
  const counting = process.stderr.isTTY === true && !json;
  const onItem = (done: number, total: number | undefined) => {
    if (counting) process.stderr.write(`\r\x1b[K${done}${total === undefined ? '' : `/${total}`} measured`);
  };
  const evaluation = await evaluate({ ...requestFrom(flags), input }, { signal: interrupt, onItem }).finally(
    () => counting && process.stderr.write('\r\x1b[K'),
  );
  for (const warning of evaluation.warnings) process.stderr.write(`warning: ${printable(warning)}\n`);
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
