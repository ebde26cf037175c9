import type { Command } from 'commander';
import { counted } from '../counted.js';
import type { Evaluation, Score } from '../eval/report.js';
import { addOptions, type CommandOption, number, sessionOption } from './add-options.js';
import { type RunFlags, requestFrom } from './run-options.js';
import { table } from './table.js';
import { plain, plainJson, plainLine } from './terminal.js';

interface EvalFlags extends RunFlags {
  readonly plot?: string;
  readonly yes?: boolean;
  readonly blur?: string;
  readonly noise?: number | 'poisson';
  readonly compress?: string;
}

const OPTIONS: readonly CommandOption[] = [
  sessionOption('preset', { help: 'preset to measure' }),
  sessionOption('model', { help: "measure this ONNX network instead of the preset's plugins" }),
  sessionOption('plugins', { help: "add a plugin after the preset's (repeatable)" }),
  sessionOption('scale', { help: 'reduce and enlarge n times' }),
  { flag: '--blur <kind:n>', help: 'blur what the preset gets, by gaussian:1.2, motion:9:45, defocus:2 or diffraction:1.5' },
  {
    flag: '--noise <n>',
    help: 'add noise to what the preset gets: its deviation in levels of 0 to 255, or poisson for that of a sensor',
    parse: (text) => (text === 'poisson' ? text : number(text)),
  },
  sessionOption('content', {
    help: 'clean, video or coarse: networks for clean, compressed or strongly compressed sources',
    fallback: 'clean; two kinds with --compress',
  }),
  sessionOption('precision', { fallback: 'auto' }),
  sessionOption('models'),
  sessionOption('workers', { fallback: 'one a core' }),
  sessionOption('allowReferences', { help: 'let a video name other files to open: playlists, scripts, numbered pictures' }),
  sessionOption('maxPixels', { help: 'refuse pictures of more pixels' }),
  sessionOption('start', { help: 'of a video: begin here' }),
  sessionOption('duration', { help: 'of a video: stop after this much' }),
  { flag: '--compress <codec:n>', help: 'of a video: compress the reduced frames first, by x264:28, x265:30 or mpeg4:6' },
  { flag: '--plot <file>', help: 'draw the PSNR of every frame, as .png or .svg' },
  { flag: '--json', form: 'switch', help: 'as JSON, with every frame or picture' },
  sessionOption('overwrite', { help: 'overwrite the plot if it exists' }),
];

/** Declares `srvid eval <input> [options]`. */
export function addEvalOptions(command: Command): Command {
  command.description('measure a preset: reduce, blur or add noise to originals, restore them, compare (docs/eval.md)');
  command.argument('<input>', 'a folder of pictures, a picture or a video, in full size');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid eval` and prints its table, or JSON. */
export async function printEvaluation(input: string, { plot, yes, json, blur, noise, compress, ...flags }: EvalFlags, interrupt: AbortSignal): Promise<void> {
  const [{ evaluate }, { plotPsnr }, { Drawing }] = await Promise.all([import('../eval/evaluate.js'), import('../eval/plot.js'), import('./drawing.js')]);
  // Errors of the plot's file are found here, before minutes of work.
  const drawing = plot === undefined ? undefined : await Drawing.prepare('--plot', plot, input, yes ?? false);
  const counting = process.stderr.isTTY === true && !json;
  const onItem = (done: number, total: number | undefined) => {
    if (counting) process.stderr.write(`\r\x1b[K${done}${total === undefined ? '' : `/${total}`} measured`);
  };
  const evaluation = await evaluate({ ...requestFrom(flags), input, blur, noise, compress }, { signal: interrupt, onItem }).finally(
    () => counting && process.stderr.write('\r\x1b[K'),
  );
  for (const warning of evaluation.warnings) process.stderr.write(`warning: ${plainLine(warning)}\n`);
  process.stdout.write(json ? `${plainJson(evaluation)}\n` : `${plain(evaluationText(evaluation))}\n`);
  await drawing?.write(plotPsnr(evaluation));
}

function evaluationText({ kind, preset, models, videoModels, precision, scale, blur, noise, border, count, scores, compression }: Evaluation): string {
  const all = [...models, ...(videoModels ?? [])];
  const columns = columnsFor(scores).filter(({ of }) => scores.some((score) => of(score) !== undefined));
  const rows = scores.map((score) => [METHOD_NAMES[score.method]?.(preset) ?? score.method, ...columns.map(({ of }) => of(score) ?? '')]);
  const details = [
    counted(count, kind === 'clip' ? 'frame' : 'picture'),
    ...(blur === undefined ? [] : [`blurred by ${blur}`]),
    ...(noise === undefined ? [] : [noise === 'poisson' ? "a sensor's noise" : `noise of ${noise} levels`]),
    ...(compression === undefined ? [] : [`compressed by ${compression}`]),
    ...(scale === 1 ? [] : [`x${scale}`]),
    all.length > 0 ? `${all.join(', ')} (${precision})` : 'no network',
  ].join(', ');
  return `${details}; ${border === 0 ? 'all pixels count' : `a border of ${border} pixels is left out`}\n${table([['method', ...columns.map(({ title }) => title)], ...rows])}`;
}

/** Names of srvid's own methods in the table. */
const METHOD_NAMES: Readonly<Record<string, (preset: string) => string>> = {
  srvid: (preset) => `srvid: ${preset}`,
  'srvid-video': (preset) => `srvid: ${preset}, --content video`,
};

interface Column {
  readonly title: string;
  readonly of: (score: Score) => string | undefined;
}

const columnsFor = (scores: readonly Score[]): readonly Column[] => [
  { title: 'Y-PSNR', of: ({ psnr }) => `${psnr.toFixed(3)} dB` },
  { title: scores.some(({ method }) => method === 'given') ? 'over given' : 'over bicubic', of: ({ gain }) => `${gain >= 0 ? '+' : ''}${gain.toFixed(3)} dB` },
  { title: 'UV-PSNR', of: ({ chromaPsnr }) => (chromaPsnr === undefined ? undefined : `${chromaPsnr.toFixed(3)} dB`) },
  { title: 'SSIM', of: ({ ssim }) => ssim.toFixed(4) },
  { title: 'VMAF', of: ({ vmaf }) => vmaf?.toFixed(2) },
  { title: 'RGB-PSNR', of: ({ rgbPsnr }) => (rgbPsnr === undefined ? undefined : `${rgbPsnr.toFixed(3)} dB`) },
  { title: 'luma shift', of: ({ lumaShift }) => lumaShift.toFixed(3) },
  { title: 'flicker', of: ({ flicker }) => flicker?.toFixed(3) },
];
