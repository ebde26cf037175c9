import type { Command } from 'commander';
import type { OutputMultiple } from '../onnx/fast-conv.js';
import { addOptions, type CommandOption, oneOf, sessionOption } from './add-options.js';
import { plain, plainJson } from './terminal.js';
import { sayWritten } from './written.js';

interface LowerFlags {
  readonly channels?: OutputMultiple;
  readonly json?: boolean;
  readonly yes?: boolean;
}

const OPTIONS: readonly CommandOption[] = [
  { flag: '--channels <n>', help: 'output channels to a multiple of 4 (AVX-512) or 8 (AVX2)', fallback: '4', parse: oneOf(4, 8) },
  { flag: '--json', form: 'switch', help: 'as JSON' },
  sessionOption('overwrite'),
];

/** Declares `srvid lower <in.onnx> <out.onnx> [options]`. */
export function addLowerOptions(command: Command): Command {
  command.description("rewrite an int8 network for ONNX Runtime's fast convolution, to the same bytes (docs/doctor.md)");
  command.argument('<in.onnx>', 'a network with QuantizeLinear and DequantizeLinear around its convolutions');
  command.argument('<out.onnx>', 'the file to write');
  return addOptions(command, OPTIONS);
}

/** Runs `srvid lower` and prints a summary, or JSON. */
export async function printLowered(input: string, output: string, { channels = 4, json, yes = false }: LowerFlags, signal: AbortSignal): Promise<void> {
  const [{ lowerFile }, { rewriteInWords }] = await Promise.all([import('../doctor/lower-file.js'), import('../doctor/speed.js')]);
  const { lowered, proof } = await lowerFile(input, output, { overwrite: yes, outputMultiple: channels, signal });
  sayWritten(output);
  if (json) {
    process.stdout.write(`${plainJson({ v: 1, type: 'lower', input, output, lowered, proof })}\n`);
    return;
  }
  const lines = lowered.map(({ conv, rewrites }) => `${conv}: ${rewrites.map(rewriteInWords).join(', ')}`);
  if (lines.length === 0) lines.push('Nothing to rewrite: every int8 convolution is on the fast path, or cannot be put there (srvid doctor says which).');
  lines.push(`${proof.runs} random pictures of ${proof.sizes.length} sizes, ${proof.bytes} bytes of output: the same bytes.`);
  process.stdout.write(`${plain(lines.join('\n'))}\n`);
}
