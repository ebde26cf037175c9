import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { SrvidError } from '../../errors.js';
import { Graph } from '../../onnx/graph.js';
import { widenHalfEnds } from '../../onnx/half-ends.js';
import { readModelFile } from '../../onnx/model-file.js';
import type { Plugin } from '../contract.js';
import type { VerifiedModel } from '../inference/library.js';
import { readModelBytes } from '../inference/model-bytes.js';
import { unlistedModel } from '../inference/unlisted-model.js';
import type { PluginRequest } from '../registry.js';
import { pictureInput } from './ends.js';
import luma from './luma.js';
import type { OwnOptions } from './network.js';
import { probe } from './probe.js';
import rgb from './rgb.js';
import { Shelf, unknown } from './shelf.js';
import { wholeStep } from './tiles.js';

/** The name by which a chain asks for a user's own network. */
export const OWN_NETWORK = 'onnx';

/** Memory for the largest tensors of one run, in MB, where the user gives none. */
const USUAL_MEMORY_MB = 512;

/** Options of a user's own network, as a user gives them. */
export const ownHints = z.strictObject({
  model: z.string().min(1).describe('path of an .onnx file, or a name of your library (srvid models add)'),
  planes: z.enum(['y', 'rgb']).optional().describe('luma, or red, green and blue; read off the file'),
  layout: z.enum(['nchw', 'nhwc']).optional().describe('order of the axes; read off the file'),
  white: z
    .union([z.literal(1), z.literal(255)])
    .optional()
    .describe('the value of white in a float network; found by a trial run'),
  overlap: z.int().min(0).max(1024).optional().describe('pixels that windows overlap by on each side; measured'),
  memory: z.number().min(1).max(65_536).default(USUAL_MEMORY_MB).describe('MB for the largest tensors of one run; larger pictures are cut to windows'),
});

type Hints = z.output<typeof ownHints>;

/** A user's network as a plugin: the module that runs it, the options for it, and the network itself. */
export interface OwnNetwork {
  readonly module: string;
  readonly plugin: Plugin;
  readonly options: Readonly<Record<string, unknown>>;
  readonly own: VerifiedModel;
}

/**
 * Loads a user's network and finds out how to run it: from its file, by trial runs, and from the request's options.
 * @param folder the folder that the path is relative to
 * @param signal stops trial runs
 * @throws SRVID_OPTION_INVALID, SRVID_INPUT_NOT_FOUND, SRVID_MODEL_INVALID, SRVID_MODEL_UNSUPPORTED
 */
export async function describeOwnNetwork(request: PluginRequest, folder: string, signal?: AbortSignal): Promise<OwnNetwork> {
  const { given, path } = await located(checkedHints(request.options), request.options, folder);
  const model = widenHalfEnds(await readModelFile(path));
  const what = `The network ${given.model}`;
  const graph = new Graph(model);
  const input = pictureInput(what, graph, given);
  const { outputType, outputLayout, scale, align, white, reach, bytesPerPixel } = await probe(what, model, input, given.white, signal);
  const step = wholeStep(scale);
  const plugin = input.channels === 1 ? luma : rgb;
  const options: OwnOptions = {
    ...{ model: path, scale, white, bytesPerPixel, maxBytes: given.memory * 1e6 },
    input: { type: input.type, layout: input.layout },
    output: { type: outputType, layout: outputLayout },
    ...(input.size && { size: input.size }),
    unit: step === undefined ? align : leastCommonMultiple(align, step),
    overlap: given.overlap ?? reach,
  };
  return {
    module: new URL(input.channels === 1 ? './luma.js' : './rgb.js', import.meta.url).href,
    plugin: { ...(plugin as Plugin), scales: [scale] },
    options: { ...options },
    own: unlistedModel(path, model, { planes: plugin.planes === 'rgb' ? 'rgb' : 'y' }),
  };
}

/** The path of the network's file: of one that is given, or of one in the user's library with the hints that it was added with. */
async function located(given: Hints, asked: Readonly<Record<string, unknown>>, folder: string): Promise<{ readonly given: Hints; readonly path: string }> {
  const path = resolve(folder, given.model);
  if (existsSync(path) || /[\\/]|\.onnx$/.test(given.model)) return { given, path };
  const shelf = new Shelf();
  const shelved = await shelf.find(given.model);
  if (!shelved) throw unknown(given.model, shelf.folder, await shelf.list());
  await readModelBytes(shelved.entry, shelved.path, `take it out by "srvid models remove ${given.model}" and add it again`);
  return { given: checkedHints({ ...shelved.entry.hints, ...asked }), path: shelved.path };
}

function checkedHints(options: Readonly<Record<string, unknown>>): Hints {
  const parsed = ownHints.safeParse(options);
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`).join('; ');
  throw new SrvidError('SRVID_OPTION_INVALID', `The options of a network of your own are not valid: ${complaints}. See docs/own-network.md.`, {});
}

function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}
