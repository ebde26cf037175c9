import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Graph } from '../onnx/graph.js';
import { type OnnxModel, serializeModel } from '../onnx/model-file.js';
import { makeTemporaryFolder } from '../pipeline/output/temporary-folder.js';
import { type NetworkThread, openNetworkThread } from '../plugins/inference/network-thread.js';
import type { NamedTensor } from '../plugins/inference/onnx-runtime.js';

/** Times of a model on one thread: medians in milliseconds. */
export interface Timing {
  /** The complete run, from the caller's side. */
  readonly ms: number;
  /** Nodes by their name in the model: the operator that ONNX Runtime made of each, and its time. */
  readonly nodes: ReadonlyMap<
    string,
    { readonly operator: string; readonly ms: number /** The shortest run, which other load on the machine has disturbed least. */; readonly leastMs: number }
  >;
}

/** A model to time, and its inputs by name. */
export interface TimedRun {
  readonly model: OnnxModel;
  readonly inputs: Readonly<Record<string, NamedTensor>>;
}

const WARM_UP = 2;

/**
 * Times models in comparison. They run in turn, so that other load on the machine affects all alike. ONNX Runtime's own
 * profile gives the time of each node inside the complete network, with the layouts and caches that it has there.
 */
export async function timeModels(
  runs: readonly TimedRun[],
  { rounds = 7, signal }: { readonly rounds?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly Timing[]> {
  const folder = await makeTemporaryFolder('profile');
  const networks: NetworkThread[] = [];
  try {
    for (const [index, { model }] of runs.entries()) {
      networks.push(await openNetworkThread('the network', serializeModel(named(model)), { profile: join(folder, `${index}-`), signal }));
    }
    const wholes: number[][] = runs.map(() => []);
    for (let round = -WARM_UP; round < rounds; round++) {
      for (const [index, network] of networks.entries()) {
        const ms = await network.time(runs[index]?.inputs ?? {});
        if (round >= 0) wholes[index]?.push(ms);
      }
    }
    for (const network of networks) await network.endProfile();
    return await Promise.all(wholes.map(async (times, index) => ({ ms: median(times), nodes: await profileOf(folder, `${index}-`) })));
  } finally {
    for (const network of networks) await network.release();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The median of at least one value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Gives every node a name. Nodes need none, but the profile identifies them by nothing else. */
function named(model: OnnxModel): OnnxModel {
  const graph = new Graph(model);
  for (const node of graph.nodes) node.name = node.output.find((output) => output !== '') as string;
  return graph.toModel();
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

async function profileOf(folder: string, prefix: string): Promise<Timing['nodes']> {
  const file = (await readdir(folder)).find((name) => name.startsWith(prefix)) as string;
  const events: readonly ProfileEvent[] = JSON.parse(await readFile(join(folder, file), 'utf8'));
  const taken = new Map<string, { operator: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    // A convolution in another layout has "_token_N" or "_nchwc" behind its name, a fused one a word before it.
    const node = /^(?:fused )?(.+?)(?:_token_\d+|_nchwc)*_kernel_time$/.exec(name)?.[1];
    if (cat !== 'Node' || node === undefined) continue;
    const known = taken.get(node) ?? { operator: args?.op_name ?? '', times: [] };
    known.times.push(dur / 1000);
    taken.set(node, known);
  }
  return new Map(
    [...taken].map(([node, { operator, times }]) => [node, { operator, ms: median(times.slice(WARM_UP)), leastMs: Math.min(...times.slice(WARM_UP)) }]),
  );
}
