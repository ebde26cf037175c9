import type { Model, Size } from '../../dist/plugins/contract.js';

/** The networks of a pixel-adaptive family, loaded. */
export type Networks = Readonly<Record<'backbone' | 'place' | 'light' | 'heavy', Model>>;

/** Wishes for the decision, as the plugin's options have them. */
export interface Wanted {
  readonly k: number;
  readonly adaptive: boolean;
  readonly refine: boolean;
}

const FEATURES = { light: 16, heavy: 64 } as const;
const HEADS = ['light', 'heavy'] as const;

/**
 * Enlarges luma by a pixel-adaptive network as its paper says it, a pixel at a time and in floats but for the first layer of int8
 * networks: both heads run on every pixel, and the decision chooses afterwards.
 * @returns the picture, and 1 for each pixel of the heavy head
 */
export async function enlargedByReference(
  networks: Networks,
  quantised: boolean,
  luma: Uint8Array,
  input: Size,
  output: Size,
  { k, adaptive, refine }: Wanted,
): Promise<{ readonly picture: Uint8Array; readonly heavy: Uint8Array }> {
  const [inputs, outputs] = [input.width * input.height, output.width * output.height];
  const values = (count: number) => (quantised ? new Uint8Array(count) : new Float32Array(count));
  const floats = (count: number) => new Float32Array(count);
  const tensor = (data: Uint8Array | Float32Array, rows: number) => ({ data, dims: [rows, data.length / rows] });
  const features = { light: tensor(values(inputs * FEATURES.light), inputs), heavy: tensor(values(inputs * FEATURES.heavy), inputs) };
  const difficulty = tensor(floats(inputs), inputs);
  await networks.backbone.run({ data: luma, dims: [1, 1, input.height, input.width] }, [features.light, features.heavy, difficulty]);

  const rows = Array.from({ length: output.height }, (_, at) => placeOf(at, input.height, output.height));
  const columns = Array.from({ length: output.width }, (_, at) => placeOf(at, input.width, output.width));
  const placed = (places: typeof rows) =>
    tensor(
      Float32Array.from(places, ({ place }) => place),
      places.length,
    );
  const table = (size: number) => [rows, columns].map((places) => tensor(floats(places.length * size), places.length));
  const tables = { light: table(FEATURES.light), heavy: table(FEATURES.heavy), decision: table(1) };
  const steps = floats(8);
  const cell = Float32Array.of((2 * input.height) / output.height, (2 * input.width) / output.width);
  await networks.place.run([placed(rows), placed(columns), tensor(cell, 1)], [...tables.light, ...tables.heavy, ...tables.decision, tensor(steps, 1)]);
  const step = (at: number) => steps[at] as number;

  const residuals: Record<(typeof HEADS)[number], Float64Array> = { light: new Float64Array(outputs), heavy: new Float64Array(outputs) };
  for (const [number, head] of HEADS.entries()) {
    const size = FEATURES[head];
    const activations = tensor(values(outputs * size), outputs);
    const at = (axis: 0 | 1, index: number) => tables[head][axis]?.data[index] as number;
    forEachPixel(output, (pixel, row, column) => {
      const from = ((rows[row]?.nearest as number) * input.width + (columns[column]?.nearest as number)) * size;
      for (let feature = 0; feature < size; feature++) {
        const seen = features[head].data[from + feature] as number;
        const [byRow, byColumn] = [at(0, row * size + feature), at(1, column * size + feature)];
        const gain = Math.round(64 * step(3 + number));
        const whole = (seen - 128) * gain + Math.round(64 * byRow) + Math.round(64 * byColumn) + 32;
        activations.data[pixel * size + feature] = quantised ? clipped(whole >> 6) : Math.max(0, seen + byRow + byColumn);
      }
    });
    const found = tensor(values(outputs), outputs);
    await networks[head].run(activations, found);
    found.data.forEach((value, pixel) => {
      residuals[head][pixel] = (quantised ? value - 128 : value) * step(5 + number);
    });
  }

  const logits = new Float64Array(outputs);
  forEachPixel(output, (pixel, row, column) => {
    const seen = difficulty.data[(rows[row]?.nearest as number) * input.width + (columns[column]?.nearest as number)] as number;
    logits[pixel] = seen + (tables.decision[0]?.data[row] as number) + (tables.decision[1]?.data[column] as number);
  });
  const ratio = outputs / inputs;
  const [light, heavyCost] = [step(2) + step(0) * ratio, step(2) + step(1) * ratio];
  const heavy = adaptive ? harder(logits) : Uint8Array.from(logits, (logit) => Number(logit > k * Math.log(heavyCost / light)));

  const exact = new Float64Array(outputs);
  forEachPixel(output, (pixel, row, column) => {
    exact[pixel] =
      bilinear(luma, input, rows[row]?.at as number, columns[column]?.at as number) + (residuals[heavy[pixel] ? 'heavy' : 'light'][pixel] as number);
  });
  const levels = exact.map((value) => clipped(Math.round(value)));
  return { picture: Uint8Array.from(refine ? refined(levels, heavy, output) : levels, Math.round), heavy };
}

function placeOf(index: number, inputs: number, outputs: number) {
  const middle = ((index + 0.5) * inputs) / outputs;
  const nearest = Math.min(Math.floor(middle + 1e-9), inputs - 1);
  return { at: middle - 0.5, nearest, place: 2 * (middle - nearest - 0.5) };
}

function forEachPixel({ width, height }: Size, visit: (pixel: number, row: number, column: number) => void): void {
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) visit(row * width + column, row, column);
}

function bilinear(luma: Uint8Array, { width, height }: Size, y: number, x: number): number {
  const sample = (row: number, column: number) => luma[Math.min(Math.max(row, 0), height - 1) * width + Math.min(Math.max(column, 0), width - 1)] as number;
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const along = (row: number) => sample(row, left) * (1 - (x - left)) + sample(row, left + 1) * (x - left);
  return along(top) * (1 - (y - top)) + along(top + 1) * (y - top);
}

/** Two-means on the probabilities, stretched to 0..1: 1 for each pixel of the upper cluster. */
function harder(logits: Float64Array): Uint8Array {
  const all = Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
  const [least, most] = all.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)] as const, [1, 0] as const);
  const stretched = all.map((value) => (value - least) / (most - least));
  const mean = (some: readonly number[]) => some.reduce((sum, value) => sum + value, 0) / some.length;
  let limit = 0.5;
  for (let round = 0; round < 20; round++) limit = (mean(stretched.filter((value) => value <= limit)) + mean(stretched.filter((value) => value > limit))) / 2;
  return Uint8Array.from(stretched, (value) => Number(value > limit));
}

function refined(picture: Float64Array, heavy: Uint8Array, size: Size): Float64Array {
  const { width, height } = size;
  const result = picture.slice();
  forEachPixel(size, (pixel, row, column) => {
    if (row === 0 || column === 0 || row === height - 1 || column === width - 1 || heavy[pixel]) return;
    const around = [-1, 0, 1].flatMap((down) => [-1, 0, 1].map((across) => pixel + down * width + across));
    if (around.some((at) => heavy[at])) result[pixel] = around.reduce((sum, at) => sum + (picture[at] as number), 0) / 9;
  });
  return result;
}

function clipped(value: number): number {
  return Math.min(Math.max(value, 0), 255);
}
