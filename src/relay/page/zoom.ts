import { element } from './element.js';

const MOST = 16;
/** Enlargements of less than this are taken for none. */
const LEAST = 1.02;
/** A step of the keys. */
const STEP = 1.25;

/** A place in the window, in CSS pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * The part of the picture that is shown: all of it, or a piece enlarged. At 1:1 each pixel of the video is one of the
 * screen. Where the whole picture is that large already, the button goes to the next whole ratio.
 */
export class Zoom {
  readonly #picture = element('picture', HTMLElement);
  readonly #video = element('after', HTMLVideoElement);
  readonly #button = element('zoom', HTMLButtonElement);
  readonly #tag = element('tag-zoom', HTMLElement);
  #scale = 1;
  /** The place of the enlarged picture's corner in the shown piece, in CSS pixels. */
  #corner: Place = { x: 0, y: 0 };
  /** The whole ratio of video to screen that the button chose. It is kept when the window changes. */
  #ratio: number | undefined;

  constructor() {
    this.#button.addEventListener('click', () => this.toggle());
    new ResizeObserver(() => this.#fit()).observe(this.#picture);
    this.#video.addEventListener('resize', () => this.#fit());
  }

  /** True while only a piece is shown. */
  get zoomed(): boolean {
    return this.#scale > 1;
  }

  /** CSS pixels of the screen that one pixel of the video takes. 0 before there is a video. */
  get pixelSize(): number {
    const { videoWidth } = this.#video;
    return videoWidth === 0 ? 0 : (this.#picture.clientWidth * this.#scale) / videoWidth;
  }

  /** Switches between all of the picture and 1:1, around a place in the window. Default: the middle. */
  toggle(around: Place = this.#middle()): void {
    if (this.zoomed) this.#set(1, around);
    else {
      this.#ratio = this.#wholeRatio();
      this.#set(this.#scaleOf(this.#ratio), around, this.#ratio);
    }
  }

  /** Enlarges by a factor around a place in the window, which then shows the same point of the video. */
  by(factor: number, around: Place = this.#middle()): void {
    this.#set(this.#scale * factor, around);
  }

  in(): void {
    this.by(STEP);
  }

  out(): void {
    this.by(1 / STEP);
  }

  /** Moves the enlarged picture, in CSS pixels. */
  move(x: number, y: number): void {
    this.#place({ x: this.#corner.x + x, y: this.#corner.y + y });
  }

  /** The point of the video at a place in the window, in pixels of the video. */
  pointAt({ x, y }: Place): Place {
    const { left, top } = this.#picture.getBoundingClientRect();
    const size = this.pixelSize || 1;
    return { x: (x - left - this.#corner.x) / size, y: (y - top - this.#corner.y) / size };
  }

  #set(scale: number, around: Place, ratio?: number): void {
    const { left, top } = this.#picture.getBoundingClientRect();
    const bounded = scale < LEAST ? 1 : Math.min(MOST, scale);
    const grown = bounded / this.#scale;
    const [x, y] = [around.x - left, around.y - top];
    this.#ratio = bounded === 1 ? undefined : ratio;
    this.#scale = bounded;
    this.#place({ x: x - (x - this.#corner.x) * grown, y: y - (y - this.#corner.y) * grown });
  }

  /** Keeps the enlarged picture over all of the frame, on whole pixels of the screen, so that 1:1 is not smoothed. */
  #place({ x, y }: Place): void {
    const { clientWidth, clientHeight } = this.#picture;
    const { left, top } = this.#picture.getBoundingClientRect();
    const inside = (corner: number, length: number) => Math.min(0, Math.max(length * (1 - this.#scale), corner));
    const onPixel = (corner: number, origin: number) => (this.zoomed ? Math.round((corner + origin) * devicePixelRatio) / devicePixelRatio - origin : 0);
    this.#corner = { x: onPixel(inside(x, clientWidth), left), y: onPixel(inside(y, clientHeight), top + scrollY) };
    this.#show();
  }

  #show(): void {
    const { style } = this.#picture;
    style.setProperty('--zoom', String(this.#scale));
    style.setProperty('--x', `${this.#corner.x}px`);
    style.setProperty('--y', `${this.#corner.y}px`);
    this.#picture.classList.toggle('zoomed', this.zoomed);
    this.#button.setAttribute('aria-pressed', String(this.zoomed));
    this.#button.textContent = `${this.#ratio ?? this.#wholeRatio()}:1`;
    this.#tag.hidden = !this.zoomed;
    const onScreen = this.pixelSize * devicePixelRatio;
    this.#tag.textContent = this.#ratio === undefined ? `${Math.round(onScreen * 100)} %` : `${this.#ratio}:1`;
  }

  #fit(): void {
    const before = this.#ratio;
    if (before !== undefined) this.#set(this.#scaleOf(before), this.#middle(), before);
    else this.#place(this.#corner);
  }

  /** The least whole number of screen pixels for one of the video that enlarges what is shown. */
  #wholeRatio(): number {
    const shown = (this.pixelSize / this.#scale) * devicePixelRatio;
    return shown < 1 ? 1 : Math.floor(shown) + 1;
  }

  #scaleOf(ratio: number): number {
    const shown = (this.pixelSize / this.#scale) * devicePixelRatio;
    return shown === 0 ? 1 : ratio / shown;
  }

  #middle(): Place {
    const { left, top, width, height } = this.#picture.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }
}
