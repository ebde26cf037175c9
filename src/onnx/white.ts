import type { Graph } from './graph.js';

/**
 * The value of white, from the range of a float input's first QuantizeLinear: about 1, or about 255. Undefined where the
 * network does not say.
 */
export function whiteOf(graph: Graph, input: string): 1 | 255 | undefined {
  const store = graph.readersOf(input).find(({ opType }) => opType === 'QuantizeLinear');
  const [step, zero] = [graph.constant(store?.input[1]), graph.constant(store?.input[2])];
  if (!store || !step) return undefined;
  const most = zero?.data instanceof Int8Array ? 127 : 255;
  const highest = (most - Number(zero?.data[0] ?? 0)) * Number(step.data[0]);
  if (highest > 0.7 && highest < 1.4) return 1;
  return highest > 180 && highest < 360 ? 255 : undefined;
}
