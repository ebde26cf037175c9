import { element } from './element.js';

const SECONDS = 60;
const HEIGHT = 20;
const SVG = 'http://www.w3.org/2000/svg';

/** A small graph of the last minute: one sample a second, the newest at the right. */
abstract class Graph<Sample> {
  readonly #figure: HTMLElement;
  readonly #svg: SVGElement;
  protected readonly samples: (Sample | undefined)[] = [];

  constructor(id: string) {
    this.#figure = element(id, HTMLElement);
    this.#svg = this.#figure.querySelector('svg') as SVGElement;
  }

  /** @param sample undefined if this second's value is unknown */
  add(sample: Sample | undefined, text: string, note?: string): void {
    this.samples.push(sample);
    if (this.samples.length > SECONDS) this.samples.shift();
    (this.#figure.querySelector('output') as HTMLOutputElement).textContent = text;
    if (note !== undefined) (this.#figure.querySelector('.note') as HTMLElement).textContent = note;
    this.#svg.replaceChildren(...this.draw());
  }

  protected abstract draw(): SVGElement[];

  /** The x coordinate of a sample. The newest is always at the right edge. */
  protected left(index: number): number {
    return SECONDS - this.samples.length + index;
  }
}

/** A line graph with a shaded area below the line. */
export class LineGraph extends Graph<number> {
  /** @param atLeast the value at full height, unless a sample is larger */
  constructor(
    id: string,
    private readonly atLeast: number,
  ) {
    super(id);
  }

  protected draw(): SVGElement[] {
    const top = Math.max(this.atLeast, ...this.samples.map((sample) => sample ?? 0)) * 1.08;
    const lines = this.#runs().map((run) => run.map(({ at, value }) => `${at + 0.5} ${(HEIGHT - (value / top) * HEIGHT).toFixed(2)}`));
    return lines.flatMap((points) => {
      const [from, to] = [points[0]?.split(' ')[0], points.at(-1)?.split(' ')[0]];
      const line = `M${points.join('L')}`;
      return [shape('path', { class: 'shade', d: `${line}L${to} ${HEIGHT}L${from} ${HEIGHT}Z` }), shape('path', { class: 'line', d: line })];
    });
  }

  /** Runs of known samples. An unknown sample interrupts the line. */
  #runs(): { readonly at: number; readonly value: number }[][] {
    const runs: { at: number; value: number }[][] = [[]];
    this.samples.forEach((value, index) => {
      if (value === undefined) runs.push([]);
      else runs.at(-1)?.push({ at: this.left(index), value });
    });
    return runs.filter((run) => run.length > 0);
  }
}

/** A stacked column for each second, parts from the bottom up. Part n has the class `part-n`. */
export class ColumnGraph extends Graph<readonly number[]> {
  /** @param atLeast the value at full height, unless a column is higher. Undefined: every column has full height. */
  constructor(
    id: string,
    private readonly atLeast?: number,
  ) {
    super(id);
  }

  protected draw(): SVGElement[] {
    const highest = Math.max(this.atLeast ?? 0, ...this.samples.map((parts) => sum(parts ?? [])));
    return this.samples.flatMap((parts = [], index) => {
      const whole = this.atLeast === undefined ? sum(parts) : highest;
      let top = HEIGHT;
      return parts.flatMap((part, number) => {
        if (part <= 0) return [];
        const height = (part / whole) * HEIGHT;
        top -= height;
        return [shape('rect', { class: `part-${number}`, x: this.left(index) + 0.12, y: top, width: 0.76, height })];
      });
    });
  }
}

function sum(parts: readonly number[]): number {
  return parts.reduce((total, part) => total + part, 0);
}

function shape(name: 'path' | 'rect', attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value));
  return made;
}
