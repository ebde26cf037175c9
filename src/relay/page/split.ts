import { element } from './element.js';

const STEP = 2;
const LARGE_STEP = 10;
/** CSS pixels on either side of the line within which a finger means the line. */
const NEAR = 26;

/** The dividing line between source and result. Its position is in percent of the width. The arrow keys move it, and Gestures. */
export class Split {
  readonly #picture = element('picture', HTMLElement);
  readonly #slider = element('slider', HTMLElement);
  #percent = 50;

  constructor() {
    this.#slider.addEventListener('keydown', (event) => {
      const moved = this.#afterKey(event);
      if (moved === undefined) return;
      event.preventDefault();
      this.moveTo(moved);
    });
    this.moveTo(this.#percent);
  }

  /** The line's position, in percent of the width. */
  get percent(): number {
    return this.#percent;
  }

  get shown(): boolean {
    return this.#picture.classList.contains('split');
  }

  show(shown: boolean): void {
    this.#picture.classList.toggle('split', shown);
  }

  /** Plays a short animation that shows that the line can be moved. */
  greet(): void {
    this.#picture.classList.add('greeting');
    this.#picture.addEventListener('animationend', () => this.#picture.classList.remove('greeting'), { once: true });
  }

  /** @param percent position from the left edge; limited to 0..100 */
  moveTo(percent: number): void {
    this.#percent = Math.min(100, Math.max(0, percent));
    const shown = Math.round(this.#percent);
    this.#picture.classList.remove('greeting');
    this.#picture.style.setProperty('--split', `${this.#percent}%`);
    this.#slider.setAttribute('aria-valuenow', String(shown));
    this.#slider.setAttribute('aria-valuetext', `${shown} % source, ${100 - shown} % result`);
    element('tag-before', HTMLElement).classList.toggle('faint', this.#percent < 12);
    element('tag-after', HTMLElement).classList.toggle('faint', this.#percent > 88);
  }

  /** Moves the line under a pointer. @param clientX the pointer's place in the window, in CSS pixels */
  follow(clientX: number): void {
    const { left, width } = this.#picture.getBoundingClientRect();
    this.#slider.focus({ preventScroll: true });
    this.moveTo(((clientX - left) / width) * 100);
  }

  /** True if a pointer there is on the line. */
  isNear(clientX: number): boolean {
    const { left, width } = this.#picture.getBoundingClientRect();
    return this.shown && Math.abs(clientX - left - (this.#percent / 100) * width) <= NEAR;
  }

  #afterKey({ key, shiftKey }: KeyboardEvent): number | undefined {
    const step = shiftKey ? LARGE_STEP : STEP;
    if (key === 'ArrowLeft' || key === 'ArrowDown') return this.#percent - step;
    if (key === 'ArrowRight' || key === 'ArrowUp') return this.#percent + step;
    if (key === 'PageDown') return this.#percent - LARGE_STEP;
    if (key === 'PageUp') return this.#percent + LARGE_STEP;
    if (key === 'Home') return 0;
    if (key === 'End') return 100;
    return undefined;
  }
}
