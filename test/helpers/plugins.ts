import type { PlainFormat } from '../../dist/pipeline/frames/frame.js';
import { planesOf } from '../../dist/pipeline/frames/frame.js';
import type { Plugin } from '../../dist/plugins/contract.js';
import { ONNX_RUNTIME } from '../../dist/plugins/inference/backend.js';
import { loadModelLibrary, type ModelLibrary } from '../../dist/plugins/inference/library.js';
import { planChain } from '../../dist/plugins/plan/groups.js';
import { type ChainPlugin, withModels } from '../../dist/plugins/plan/plugin-models.js';
import { findPlugin, parsePluginSpec, withOptions } from '../../dist/plugins/registry.js';
import { type HostOptions, PluginHost } from '../../dist/plugins/workers/host.js';
import type { Ticket } from '../../dist/plugins/workers/stage.js';

const FOLDER = new URL('../fixtures/plugins/', import.meta.url).pathname;

/** A plugin for plans alone: it is never run. */
export function planned(plugin: Partial<Plugin>, options: unknown = {}): ChainPlugin {
  return {
    module: 'none',
    given: {},
    options,
    models: [],
    plugin: { name: 'planned', apiVersion: 1, planes: 'yuv', halo: 0, process: (frame) => frame, ...plugin },
  };
}

/** Loads a chain as the command would: fixtures by "./name.mjs", built-ins by name, with options. */
export async function loadChain(specs: readonly string[], library?: ModelLibrary): Promise<ChainPlugin[]> {
  const models = library ?? (await loadModelLibrary());
  const chain: ChainPlugin[] = [];
  for (const spec of specs) {
    const { use, options } = parsePluginSpec(spec);
    chain.push(await withModels(withOptions(await findPlugin(use, FOLDER), options), models, 'int8'));
  }
  return chain;
}

/** A host for a chain on frames of this format. */
export async function hostFor(
  specs: readonly string[],
  source: PlainFormat,
  options: Partial<HostOptions> & { library?: ModelLibrary } = {},
): Promise<PluginHost> {
  const { library, ...given } = options;
  return new PluginHost({
    groups: planChain(source, await loadChain(specs, library)),
    origin: { color: {}, timeBase: { num: 1, den: 25 } },
    inference: { engine: ONNX_RUNTIME, device: 'cpu', threads: 1 },
    workers: 1,
    credits: 4,
    taskTimeoutMs: 20_000,
    ...given,
  });
}

/** Puts a frame into the first ring. */
export function feed(host: PluginHost, bytes: Uint8Array, sequence = 0): Ticket {
  const ring = host.rings[0];
  if (!ring) throw new Error('the host has no ring');
  const slot = ring.take();
  ring.bytes(slot).set(bytes);
  return { sequence, pts: sequence, slot, duplicate: false, reused: false, bypassed: false };
}

/** One frame through every stage; gives the bytes that come out and leaves every slot free. */
export async function through(host: PluginHost, bytes: Uint8Array, sequence = 0): Promise<Uint8Array> {
  let ticket = feed(host, bytes, sequence);
  for (const [index, stage] of host.stages.entries()) {
    const around = Array.from({ length: stage.window.past + 1 + stage.window.future }, () => ticket);
    const next = await stage.process(ticket, around).finally(() => host.rings[index]?.release(ticket.slot));
    ticket = next;
  }
  const last = host.rings.at(-1);
  if (!last) throw new Error('the host has no ring');
  const result = Uint8Array.from(last.bytes(ticket.slot));
  last.release(ticket.slot);
  return result;
}

/** The luma of a frame. */
export function lumaOf(format: PlainFormat, bytes: Uint8Array): Uint8Array {
  return planesOf(format, bytes)[0]?.data as Uint8Array;
}
