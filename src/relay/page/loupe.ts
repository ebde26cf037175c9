import { element } from './element.js';
import type { Split } from './split.js';
import type { Place, Zoom } from './zoom.js';

/** Most width and height of each half of the loupe, in CSS pixels. In a small picture it is smaller. */
const MOST_SIDE = 168;
/** CSS pixels of the loupe for one pixel of the result, at least, and how many times larger than in the picture. */
const PIXEL = 2;
/** CSS pixels between the loupe and the pointer, so that a finger does not cover it, nor it the place that it magnifies. */
const APART = 28;
/** CSS pixels between the loupe and the picture's edge. */
const MARGIN = 4;

/** The loupe: the same small piece of source and result side by side, enlarged, next to the pointer. */
export class Loupe {
  readonly #picture = element('picture', HTMLElement);
  readonly #button = element('loupe', HTMLButtonElement);
  readonly #box = element('loupe-box', HTMLElement);
  readonly #canvas = element('loupe-picture', HTMLCanvasElement);
  readonly #pill = element('pill', HTMLElement);
  readonly #before = element('before', HTMLVideoElement);
  readonly #after = element('after', HTMLVideoElement);
  #place: Place | undefined;
  #shown = false;

  constructor(
    private readonly split: Split,
    private readonly zoom: Zoom,
  ) {
    this.#button.addEventListener('click', () => this.toggle());
  }

  get shown(): boolean {
    return this.#shown;
  }

  toggle(): void {
    this.#shown = !this.#shown;
    this.#button.setAttribute('aria-pressed', String(this.#shown));
    this.#box.hidden = !this.#shown;
    if (!this.#shown) return;
    this.#place ??= this.#middle();
    this.#draw();
  }

  /** @param place the pointer's place in the window */
  moveTo(place: Place): void {
    this.#place = place;
  }

  /** Draws what the videos show, again and again until the loupe is put away. */
  #draw(): void {
    if (!this.#shown) return;
    const place = this.#place as Place;
    const halves = this.split.shown ? [this.#before, this.#after] : [this.#after];
    this.#box.classList.toggle('single', halves.length === 1);
    const side = this.#side();
    this.#canvas.width = side * halves.length * devicePixelRatio;
    this.#canvas.height = side * devicePixelRatio;
    this.#canvas.style.width = `${side * halves.length}px`;
    this.#canvas.style.height = `${side}px`;
    this.#put(place, side * halves.length);
    const context = this.#canvas.getContext('2d') as CanvasRenderingContext2D;
    halves.forEach((video, index) => {
      this.#drawHalf(context, video, { index, side }, this.zoom.pointAt(place));
    });
    requestAnimationFrame(() => this.#draw());
  }

  /** @param point the middle, in pixels of the result. The source is as wide on the screen, of fewer pixels. */
  #drawHalf(context: CanvasRenderingContext2D, video: HTMLVideoElement, half: { readonly index: number; readonly side: number }, point: Place): void {
    const { videoWidth: width, videoHeight: height } = this.#after;
    if (width === 0 || video.videoWidth === 0) return;
    const pixel = PIXEL * Math.max(1, this.zoom.pixelSize);
    const [left, top] = [point.x - half.side / pixel / 2, point.y - half.side / pixel / 2];
    const side = half.side * devicePixelRatio;
    const from = half.index * side;
    const scale = pixel * devicePixelRatio;
    context.save();
    context.beginPath();
    context.rect(from, 0, side, side);
    context.clip();
    context.imageSmoothingEnabled = !(video === this.#before && video.classList.contains('pixels'));
    context.drawImage(video, from - left * scale, -top * scale, width * scale, height * scale);
    context.restore();
  }

  /** The largest side for which there is room above or below every place of the picture. Words about the delay may take what is kept apart. */
  #side(): number {
    const { clientWidth: width, clientHeight: height } = this.#picture;
    const frame = this.#box.offsetHeight - this.#box.clientHeight;
    const tall = Math.min(height / 2 - APART, this.#floor() / 2 - 1);
    return Math.min(MOST_SIDE, width / 2 - 3 * MARGIN, tall - MARGIN - frame);
  }

  /** CSS pixels from the picture's top to its bottom, or to the words about the delay. */
  #floor(): number {
    return this.#pill.hidden ? this.#picture.clientHeight : this.#pill.offsetTop;
  }

  /** Puts the loupe above the pointer, or below it where there is more room, within the picture and not on the words about the delay. */
  #put({ x, y }: Place, width: number): void {
    const frame = this.#picture.getBoundingClientRect();
    const left = Math.min(frame.width - width - MARGIN, Math.max(MARGIN, x - frame.left - width / 2));
    const place = y - frame.top;
    const floor = this.#floor();
    const highest = place - APART - this.#box.offsetHeight;
    const lowest = Math.max(MARGIN, floor - this.#box.offsetHeight - MARGIN);
    const isAbove = highest >= MARGIN || place > floor / 2;
    const top = isAbove ? Math.max(MARGIN, Math.min(highest, lowest)) : Math.min(place + APART, lowest);
    this.#box.style.translate = `${left}px ${top}px`;
  }

  #middle(): Place {
    const { left, top, width, height } = this.#picture.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }
}
