import { basename } from 'node:path';
import type { Command } from 'commander';
import { number } from './add-options.js';
import { plainLine } from './terminal.js';

/** The options of `srvid models add`. */
interface AddFlags {
  readonly name?: string;
  readonly planes?: string;
  readonly layout?: string;
  readonly white?: number;
  readonly overlap?: number;
  readonly licence?: string;
  readonly yes?: boolean;
}

/** Declares `srvid models add` and `srvid models remove` below `srvid models`. */
export function addShelfCommands(models: Command, interrupt: AbortSignal): void {
  models
    .command('add')
    .description('put a network of your own into your library, for --model NAME')
    .argument('<file>', 'an ONNX file')
    .option('--name <name>', "its name: lower-case letters, digits and - (default: the file's)")
    .option('--planes <planes>', 'y or rgb, where the file does not say it')
    .option('--layout <layout>', 'nchw or nhwc, where the file does not say it')
    .option('--white <n>', '1 or 255: the value of white in a float network', number)
    .option('--overlap <n>', 'pixels that windows overlap by, instead of the measured reach', number)
    .option('--licence <text>', 'its licence, for your own records')
    .option('-y, --yes', 'replace a network of that name')
    .action((file: string, flags: AddFlags) => addModel(file, flags, interrupt));
  models.command('remove').description('take a network out of your library').argument('<name>', 'its name').action(removeModel);
}

async function addModel(file: string, { name, licence, yes, planes, layout, white, overlap }: AddFlags, interrupt: AbortSignal): Promise<void> {
  const hints = Object.fromEntries(Object.entries({ planes, layout, white, overlap }).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number
  >;
  const { readModelFile, serializeModel } = await import('../onnx/model-file.js');
  const { describeOwnNetwork } = await import('../plugins/own/describe.js');
  const { Shelf } = await import('../plugins/own/shelf.js');
  // Whole, with values that lie in files beside it.
  const bytes = serializeModel(await readModelFile(file));
  const { own, options } = await describeOwnNetwork(
    { use: 'onnx', options: { ...hints, model: file.includes('/') ? file : `./${file}` } },
    process.cwd(),
    interrupt,
  );
  const id =
    name ??
    basename(file)
      .replace(/\.onnx$/i, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '');
  const { scale, overlap: halo, unit: align } = options as { scale: number; overlap: number; unit: number };
  const entry = {
    ...own.entry,
    id,
    family: id,
    scale,
    halo: Math.min(halo, 1024),
    align,
    licence: licence ?? own.entry.licence,
    ...(Object.keys(hints).length > 0 && { hints }),
  };
  const { path } = await new Shelf().add(entry, bytes, yes);
  process.stderr.write(
    `${plainLine(`added: ${id}, x${scale} on ${entry.planes === 'y' ? 'luma' : 'red, green and blue'}, as ${path}. Run it with --model ${id}.`)}\n`,
  );
}

async function removeModel(name: string): Promise<void> {
  const { Shelf } = await import('../plugins/own/shelf.js');
  const { path } = await new Shelf().remove(name);
  process.stderr.write(`${plainLine(`removed: ${name}, ${path}`)}\n`);
}
