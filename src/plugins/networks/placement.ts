import type { Model, Size } from '../contract.js';
import type { Axis } from './axis.js';

/** Features of the two heads of a pixel-adaptive network: multiples of 16. */
export interface HeadSizes {
  readonly light: number;
  readonly heavy: number;
}

/** A table of a head's first layer: `size` values for each place on an axis. */
export interface HeadTables {
  readonly rows: Float32Array;
  readonly columns: Float32Array;
}

/** All that follows from the sizes of input and output, and figures of the networks. */
export interface Placement {
  readonly light: HeadTables;
  readonly heavy: HeadTables;
  /** Its one value is added to the difficulty. */
  readonly decision: HeadTables;
  /** Multiplications: of each head for an output pixel, and of the backbone for an input pixel. */
  readonly costs: { readonly light: number; readonly heavy: number; readonly backbone: number };
  /** A step of the features, in steps of the first layer's result. */
  readonly gains: { readonly light: number; readonly heavy: number };
  /** Levels of 0 to 255 in a step of the residual; of floats, in 1. */
  readonly levels: { readonly light: number; readonly heavy: number };
  /** True for networks whose features and residuals are bytes, false where they are floats. */
  readonly quantised: boolean;
}

/** Values of the network's output `steps`. */
const STEPS = 8;

/** Runs the small network that knows what an output pixel's place within the input pixel means to classifier and heads. */
export async function placementOf(model: Model, sizes: HeadSizes, rows: Axis, columns: Axis, input: Size): Promise<Placement> {
  const table = (axis: Axis, size: number) => ({ data: new Float32Array(axis.places.length * size), dims: [axis.places.length, size] });
  const tables = [sizes.light, sizes.heavy, 1].flatMap((size) => [table(rows, size), table(columns, size)]);
  const steps = { data: new Float32Array(STEPS), dims: [1, STEPS] };
  const cell = Float32Array.of((2 * input.height) / rows.outputs, (2 * input.width) / columns.outputs);
  await model.run(
    [
      { data: rows.places, dims: [rows.places.length, 1] },
      { data: columns.places, dims: [columns.places.length, 1] },
      { data: cell, dims: [1, 2] },
    ],
    [...tables, steps],
  );
  const [lightRows, lightColumns, heavyRows, heavyColumns, decisionRows, decisionColumns] = tables.map(({ data }) => data) as Six<Float32Array>;
  const [lightCost, heavyCost, backbone, lightGain, heavyGain, lightLevels, heavyLevels, quantised] = steps.data as unknown as Eight;
  return {
    light: { rows: lightRows, columns: lightColumns },
    heavy: { rows: heavyRows, columns: heavyColumns },
    decision: { rows: decisionRows, columns: decisionColumns },
    costs: { light: lightCost, heavy: heavyCost, backbone },
    gains: { light: lightGain, heavy: heavyGain },
    levels: { light: lightLevels, heavy: heavyLevels },
    quantised: quantised === 1,
  };
}

type Six<T> = [T, T, T, T, T, T];
type Eight = [number, number, number, number, number, number, number, number];

/** The largest k in either direction: with it all pixels are of one kind. */
const ALL = 25;

/**
 * The difficulty above which the heavy head is worth its cost: p / cost^k of both heads are equal there. The costs are those of
 * the whole network with either head. The larger k, the fewer pixels get the heavy head.
 */
export function costLimit(k: number, { costs }: Placement, pixelRatio: number): number {
  if (Math.abs(k) >= ALL) return k * Number.POSITIVE_INFINITY;
  const whole = (head: number) => costs.backbone + head * pixelRatio;
  return k * Math.log(whole(costs.heavy) / whole(costs.light));
}
