import { element } from './element.js';

const SECONDS = 60;
const HEIGHT = 20;
const SVG = 'http://www.w3.org/2000/svg';

/** The numbers of one second: the text of the figure, and a line that explains it. */
export interface Caption {
  readonly text: string;
  readonly note?: string;
}

/** A graph of the last minute with its scale and legend: one sample a second, the newest at the right. */
abstract class Graph<Sample> {
  protected readonly samples: (Sample | undefined)[] = [];
  protected readonly legend = made('ul', 'legend');
  readonly #figure: HTMLElement;
  readonly #svg: SVGElement;
  readonly #top = made('span', 'top');
  readonly #note = made('p', 'note');

  constructor(id: string) {
    this.#figure = element(id, HTMLElement);
    this.#svg = shape('svg', { viewBox: `0 0 ${SECONDS} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    const plot = made('div', 'plot');
    plot.append(this.#svg, this.#top, made('span', 'bottom', '0'));
    const axis = made('p', 'axis');
    axis.append(made('span', '', `${SECONDS} s ago`), made('span', '', 'now'));
    this.#figure.append(plot, axis, this.legend, this.#note);
  }

  /** @param sample undefined if this second's value is unknown */
  add(sample: Sample | undefined, { text, note }: Caption): void {
    this.samples.push(sample);
    if (this.samples.length > SECONDS) this.samples.shift();
    (this.#figure.querySelector('output') as HTMLOutputElement).textContent = text;
    if (note !== undefined) this.#note.textContent = note;
    const { shapes, top } = this.draw();
    this.#svg.replaceChildren(...shapes);
    this.#top.textContent = top;
  }

  /** Draws all samples. `top` is the value at full height, as text. */
  protected abstract draw(): { readonly shapes: SVGElement[]; readonly top: string };

  /** The x coordinate of a sample. The newest is always at the right edge. */
  protected left(index: number): number {
    return SECONDS - this.samples.length + index;
  }
}

/** A line graph with a shaded area below the line. */
export class LineGraph extends Graph<number> {
  /**
   * @param atLeast the value at full height, unless a sample is larger
   * @param format writes the value at full height
   */
  constructor(
    id: string,
    private readonly atLeast: number,
    private readonly format: (value: number) => string,
  ) {
    super(id);
  }

  protected draw() {
    const top = roundUp(Math.max(this.atLeast, ...this.samples.map((sample) => sample ?? 0)));
    const lines = this.#runs().map((run) => run.map(({ at, value }) => `${at + 0.5} ${(HEIGHT - (value / top) * HEIGHT).toFixed(2)}`));
    const shapes = lines.flatMap((points) => {
      const [from, to] = [points[0]?.split(' ')[0], points.at(-1)?.split(' ')[0]];
      const line = `M${points.join('L')}`;
      return [shape('path', { class: 'shade', d: `${line}L${to} ${HEIGHT}L${from} ${HEIGHT}Z` }), shape('path', { class: 'line', d: line })];
    });
    return { shapes, top: this.format(top) };
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

/** A part of a column. `look` is the class that gives it its colour. */
export interface Part {
  readonly name: string;
  readonly look: string;
}

/** A stacked column for each second, parts from the bottom up. */
export class ColumnGraph extends Graph<readonly number[]> {
  #parts: readonly Part[] = [];

  /** @param atLeast the value at full height, unless a column is higher. Undefined: every column has full height, 100 %. */
  constructor(
    id: string,
    private readonly atLeast?: number,
  ) {
    super(id);
  }

  /** Names the parts of the columns. Samples of other parts are forgotten. */
  name(parts: readonly Part[]): void {
    const namesOf = (named: readonly Part[]) => named.map(({ name }) => name).join();
    if (namesOf(parts) === namesOf(this.#parts)) return;
    this.#parts = parts;
    this.samples.length = 0;
    this.legend.replaceChildren(...parts.map(({ name, look }) => made('li', look, name)));
  }

  protected draw() {
    const highest = roundUp(Math.max(this.atLeast ?? 0, ...this.samples.map((parts) => sum(parts ?? []))));
    const shapes = this.samples.flatMap((parts = [], index) => {
      const whole = this.atLeast === undefined ? sum(parts) : highest;
      let top = HEIGHT;
      return parts.flatMap((part, number) => {
        if (part <= 0) return [];
        const height = (part / whole) * HEIGHT;
        top -= height;
        return [shape('rect', { class: this.#parts[number]?.look ?? '', x: this.left(index) + 0.12, y: top, width: 0.76, height })];
      });
    });
    return { shapes, top: this.atLeast === undefined ? '100 %' : String(highest) };
  }
}

function sum(parts: readonly number[]): number {
  return parts.reduce((total, part) => total + part, 0);
}

/** The least of 1, 2, 3, 4, 5, 6, 8 times a power of ten that is no less, so that the scale has a short number. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8].find((step) => step * unit >= value) ?? 10) * unit;
}

function made(name: 'div' | 'span' | 'p' | 'ul' | 'li', look: string, text = ''): HTMLElement {
  const found = document.createElement(name);
  if (look) found.className = look;
  found.textContent = text;
  return found;
}

function shape(name: 'svg' | 'path' | 'rect', attributes: Readonly<Record<string, string | number>>): SVGElement {
  const found = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) found.setAttribute(attribute, String(value));
  return found;
}
