import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ExaminationOptions } from '../doctor/examine.js';
import { type ConvolutionReport, type Examination, type LayerReport, PLANES_IN_WORDS } from '../doctor/report.js';
import { SrvidError } from '../errors.js';
import type { OutputMultiple } from '../onnx/fast-conv.js';
import type { OutputFile } from '../pipeline/output/output-file.js';
import type { Size } from '../plugins/contract.js';
import { addOptions, type CommandOption, oneOf, sessionOption } from './add-options.js';
import { table } from './table.js';
import { plain, plainJson, plainLine } from './terminal.js';
import { sayWritten } from './written.js';

interface ExamineFlags {
  readonly reference?: string;
  readonly images?: string;
  readonly white?: 1 | 255;
  readonly size?: Size;
  readonly channels?: OutputMultiple;
  readonly tiles?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

const OPTIONS: readonly CommandOption[] = [
  { flag: '--reference <fp32.onnx>', help: 'the float network that it was made from', fallback: 'a float twin of its own' },
  { flag: '--images <path>', help: 'low-resolution pictures to run it on: a folder, a picture, a video', fallback: 'the bundled clip' },
  { flag: '--white <n>', help: 'value of white if the network has float values: 1 or 255', fallback: 'read off the network', parse: oneOf(1, 255) },
  { flag: '--size <WxH>', form: 'size', help: 'picture size for timing, unless the network has a fixed one', fallback: '640x360' },
  {
    flag: '--channels <n>',
    help: 'output channels wanted: a multiple of 4 (AVX-512) or 8 (AVX2)',
    fallback: 'as this CPU has it',
    parse: oneOf(4, 8),
  },
  { flag: '--tiles <file.png>', help: 'draw the parts that differ most from the reference' },
  { flag: '--json', form: 'switch', help: 'as JSON' },
  sessionOption('overwrite', { help: 'overwrite the drawing if it exists' }),
];

/** Declares `srvid doctor [model.onnx|folder] [options]`. */
export function addDoctorOptions(command: Command): Command {
  command.description('check ffmpeg, the CPU and this installation; with a network: its speed and its quantisation (docs/doctor.md)');
  command.argument('[model.onnx|folder]', 'a network to examine, or a folder to search for leftovers of killed runs (default: this one)');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid doctor`. Sets exit code 1 if something needed is missing, or the network has a serious fault. */
export async function runDoctor(model: string | undefined, { json, tiles, yes = false, ...flags }: ExamineFlags, signal: AbortSignal): Promise<void> {
  const { channels, ...others } = flags;
  const isFolder = model !== undefined && (await stat(model).catch(() => undefined))?.isDirectory();
  if (model !== undefined && !isFolder) return printExamination(model, { ...others, outputMultiple: channels, signal }, { json: json ?? false, tiles, yes });
  const lone = [...Object.keys(flags), ...(tiles === undefined ? [] : ['tiles'])];
  if (lone.length > 0) {
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `--${lone[0]} belongs to the examination of a network, but none is given. Write srvid doctor MODEL.onnx --${lone[0]} ...`,
    );
  }
  const { printDoctor } = await import('./doctor.js');
  return printDoctor({ json: json ?? false, folder: resolve(model ?? '.') });
}

async function printExamination(
  model: string,
  options: ExaminationOptions,
  { json, tiles, yes }: { json: boolean; tiles: string | undefined; yes: boolean },
): Promise<void> {
  const target = tiles === undefined ? undefined : await tilesFile(tiles, model, yes);
  const { examine } = await import('../doctor/examine.js');
  const found = await examine(model, options);
  for (const warning of found.examination.warnings) process.stderr.write(`warning: ${plainLine(warning)}\n`);
  process.stdout.write(json ? `${plainJson(found.examination)}\n` : `${plain(examinationText(found.examination))}\n`);
  if (target) {
    try {
      await target.claim();
      const [{ writeTiles }, { findFfmpeg }] = await Promise.all([import('../doctor/tiles.js'), import('../pipeline/ffmpeg/binary.js')]);
      await writeTiles(await findFfmpeg(), target.partial, found.tiles);
      await target.publish();
      sayWritten(target.path);
    } finally {
      await target.discard();
    }
  }
  if (!found.examination.healthy) process.exitCode = 1;
}

async function tilesFile(path: string, model: string, overwrite: boolean): Promise<OutputFile> {
  if (extname(path).toLowerCase() !== '.png') {
    throw new SrvidError('SRVID_OUTPUT_FORMAT', `The tiles are drawn as PNG, but --tiles says ${path}. Give a name that ends in .png.`, { path });
  }
  const { OutputFile } = await import('../pipeline/output/output-file.js');
  return OutputFile.prepare(path, model, overwrite);
}

function examinationText({ model, input, native, speed, quality, layers, findings, healthy }: Examination): string {
  const what = `${model}: ${input.type} ${PLANES_IN_WORDS[input.planes]}, ${input.size ?? 'any size'}, ${speed.convolutions.length} convolutions`;
  const against =
    quality && `against ${quality.reference.name}, ${quality.pictures.count} pictures of ${quality.pictures.size} from ${quality.pictures.source}`;
  const sections = [
    what,
    `Speed at ${speed.width}x${speed.height}, one thread: ${speed.ms.toFixed(1)} ms${speed.lowered ? `; as srvid lower writes it ${speed.lowered.ms.toFixed(1)} ms` : ''}${convolutionTable(speed.convolutions)}`,
    ...(native === undefined
      ? []
      : [native === true ? 'The native engine runs it.' : `The native engine does not run it, since ${native}. ONNX Runtime does.`]),
    ...(quality
      ? [`Quantisation, ${against}:\nPSNR ${quality.psnr.toFixed(2)} dB, worst ${quality.worstPsnr.toFixed(2)}; mean luma ${signed(quality.lumaShift)} levels`]
      : []),
    ...(quality?.reference.kind === 'float-twin'
      ? ['The float twin is the same network without the rounding of activations; its weights are those that the 8 bits say.']
      : []),
    ...(layers.length > 0 ? [layerTable(layers)] : []),
    ...findings.map(({ message, remedy }, index) => (remedy === findings[index + 1]?.remedy ? `- ${message}` : `- ${message}\n  ${remedy}`)),
    `Verdict: ${verdict(healthy, findings, quality !== undefined)}`,
  ];
  return sections.join('\n\n');
}

function verdict(healthy: boolean, findings: Examination['findings'], compared: boolean): string {
  const kinds = findings.filter(({ severity }) => severity === 'illness').map(({ kind }) => kind);
  if (!healthy) return `ill: ${kinds.join(', ')}.`;
  const slow = findings.some(({ kind }) => kind === 'slow') ? ', but slower than it need be' : '';
  return `${compared ? 'healthy' : 'nothing to compare with; its quantisation was not judged'}${slow}.`;
}

/** The table below the line with the network's time. A float network, which has the same to say of all its convolutions, has none: a finding says it. */
function convolutionTable(convolutions: readonly ConvolutionReport[]): string {
  const [first] = convolutions;
  if (first?.reason?.startsWith('not in int8') && convolutions.every(({ reason }) => reason === first.reason)) return '';
  const rows = convolutions.map(({ name, kernel, inputs, outputs, groups, ms, fast, reason, remedy, loweredMs }) => [
    name,
    `${kernel} ${inputs} to ${outputs}${groups > 1 ? `, ${groups} groups` : ''}`,
    ms === undefined ? '' : `${ms.toFixed(2)} ms`,
    loweredMs === undefined ? '' : `${loweredMs.toFixed(2)} ms`,
    fast ? 'fast' : `${reason}: ${remedy}`,
  ]);
  return `\n${table([['convolution', 'shape', 'now', 'rewritten', 'int8 path'], ...rows])}`;
}

function layerTable(layers: readonly LayerReport[]): string {
  const rows = layers.map(({ name, low, high, used, saturated, lost, snr }) => [
    name,
    `${low.toPrecision(3)}..${high.toPrecision(3)}`,
    `${(used * 100).toFixed(1)} %`,
    `${(saturated * 100).toFixed(2)} %`,
    lost === undefined ? '' : `${(lost * 100).toFixed(1)} %`,
    snr === undefined ? '' : `${snr.toFixed(1)} dB`,
  ]);
  return table([['stored tensor', 'range', 'used', 'saturated', 'to zero', 'signal to noise'], ...rows]);
}

function signed(value: number): string {
  return `${value >= 0 ? '+' : ''}${value.toFixed(3)}`;
}
