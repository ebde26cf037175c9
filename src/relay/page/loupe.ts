import { element } from './element.js';
import type { Split } from './split.js';
import type { Place, Zoom } from './zoom.js';

/** Most width and height of each half of the loupe, in CSS pixels. In a small picture it is smaller. */
const MOST_SIDE = 168;
/** CSS pixels of the loupe for one pixel of the result, at least, and how many times larger than in the picture. */
const PIXEL = 2;
/** CSS pixels between the loupe and the pointer, so that a finger does not cover it. */
const APART = 28;

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
    const side = Math.min(MOST_SIDE, this.#picture.clientWidth / 2 - 12, this.#picture.clientHeight * 0.6);
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

  /** Puts the loupe above the pointer, or below it where there is no room, within the picture and not on the words about the delay. */
  #put({ x, y }: Place, width: number): void {
    const frame = this.#picture.getBoundingClientRect();
    const left = Math.min(frame.width - width - 4, Math.max(4, x - frame.left - width / 2));
    const above = y - frame.top - APART - this.#box.offsetHeight;
    const floor = this.#pill.hidden ? frame.height : this.#pill.offsetTop;
    const lowest = Math.max(4, floor - this.#box.offsetHeight - 4);
    const top = Math.min(above >= 4 ? above : y - frame.top + APART, lowest);
    this.#box.style.translate = `${left}px ${top}px`;
  }

  #middle(): Place {
    const { left, top, width, height } = this.#picture.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }
}
