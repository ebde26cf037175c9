import type { NativeConv, NativePlan } from './plan.js';

/**
 * The plan without filters whose results no weight other than 0 reads. Networks that were widened for ONNX Runtime have
 * them.
 */
export function withoutUnread(plan: NativePlan): NativePlan {
  const convs = [...plan.convs];
  for (let index = convs.length - Math.max(plan.pixelResults, 1) - 1; index >= 0; index--) {
    const kept = channelsRead(convs, index + 1);
    const conv = convs[index] as NativeConv;
    if (kept.length === conv.channels) continue;
    for (let reader = index + 1; reader < convs.length; reader++) convs[reader] = withInputs(convs, reader, index + 1, kept);
    convs[index] = withFilters(conv, kept);
  }
  return { ...plan, convs };
}

/** A convolution with these filters alone, in this order. */
export function withFilters(conv: NativeConv, order: readonly number[]): NativeConv {
  const { weights, bias, multiplier, channels } = conv;
  const filter = weights.length / channels;
  const picked = new Int8Array(order.length * filter);
  for (const [to, from] of order.entries()) picked.set(weights.subarray(from * filter, (from + 1) * filter), to * filter);
  return {
    ...conv,
    channels: order.length,
    weights: picked,
    bias: Int32Array.from(order, (from) => bias[from] as number),
    multiplier: Float32Array.from(order, (from) => multiplier[from] as number),
  };
}

/** The channels of a value that later convolutions read with weights other than 0; one at least. */
function channelsRead(convs: readonly NativeConv[], value: number): number[] {
  const read = new Set<number>();
  for (const conv of convs) {
    const place = placeOf(convs, conv, value);
    if (!place) continue;
    const area = conv.kernel ** 2;
    for (let channel = 0; channel < place.count; channel++) {
      // One filter that reads it is enough, which is the first one as a rule.
      for (let output = 0; output < conv.channels && !read.has(channel); output++) {
        const start = (output * place.total + place.start + channel) * area;
        if (conv.weights.subarray(start, start + area).some((weight) => weight !== 0)) read.add(channel);
      }
    }
  }
  return read.size > 0 ? [...read].sort((a, b) => a - b) : [0];
}

/** The convolution with fewer channels of a value that it may read. */
function withInputs(convs: readonly NativeConv[], reader: number, value: number, kept: readonly number[]): NativeConv {
  const conv = convs[reader] as NativeConv;
  const place = placeOf(convs, conv, value);
  if (!place) return conv;
  const area = conv.kernel ** 2;
  const inputs = Array.from({ length: place.total }, (_, input) => input).filter(
    (input) => input < place.start || input >= place.start + place.count || kept.includes(input - place.start),
  );
  const weights = new Int8Array(conv.channels * inputs.length * area);
  for (let output = 0; output < conv.channels; output++) {
    for (const [to, from] of inputs.entries()) {
      const start = (output * place.total + from) * area;
      weights.set(conv.weights.subarray(start, start + area), (output * inputs.length + to) * area);
    }
  }
  return { ...conv, weights };
}

/** The place of a value's channels among a convolution's inputs. */
function placeOf(
  convs: readonly NativeConv[],
  conv: NativeConv,
  value: number,
): { readonly start: number; readonly count: number; readonly total: number } | undefined {
  const position = conv.inputs.indexOf(value);
  if (position < 0) return undefined;
  const total = conv.weights.length / (conv.channels * conv.kernel ** 2);
  const others = conv.inputs.filter((input) => input !== 0).reduce((sum, input) => sum + (convs[input - 1] as NativeConv).channels, 0);
  const folded = conv.inputs.includes(0) ? total - others : 0;
  const sizeOf = (input: number) => (input === 0 ? folded : (convs[input - 1] as NativeConv).channels);
  const start = conv.inputs.slice(0, position).reduce((sum, input) => sum + sizeOf(input), 0);
  return { start, count: sizeOf(value), total };
}
