import { element } from './element.js';
import type { Loupe } from './loupe.js';
import type { Split } from './split.js';
import type { Place, Zoom } from './zoom.js';

/** A turn of the wheel with the control key, which is also a pinch on a trackpad: e to this power for each unit. */
const WHEEL = 0.01;

/**
 * The pointers on the picture. One moves the line, or the picture where a piece of it is enlarged; two pinch; a double
 * click or tap switches to 1:1 and back. The loupe follows whatever moves.
 */
export class Gestures {
  readonly #picture = element('picture', HTMLElement);
  readonly #pointers = new Map<number, Place>();
  #moves: 'line' | 'picture' | undefined;
  /** The line's position before the last finger touched. */
  #percent = 0;

  constructor(
    private readonly split: Split,
    private readonly zoom: Zoom,
    private readonly loupe: Loupe,
  ) {
    const picture = this.#picture;
    picture.addEventListener('pointerdown', (event) => this.#down(event));
    picture.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of ['pointerup', 'pointercancel'] as const) picture.addEventListener(name, ({ pointerId }) => this.#up(pointerId));
    picture.addEventListener('dblclick', (event) => {
      if (!isControl(event) && !this.split.isNear(event.clientX)) this.zoom.toggle(placeOf(event));
    });
    picture.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    // Else the browser takes a pinch that begins upwards for scrolling, and ends both pointers.
    picture.addEventListener(
      'touchstart',
      (event) => {
        if (event.touches.length > 1) event.preventDefault();
      },
      { passive: false },
    );
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || isControl(event)) return;
    this.#pointers.set(event.pointerId, placeOf(event));
    this.#picture.setPointerCapture(event.pointerId);
    // The first finger of a pinch has moved the line.
    if (this.#moves === 'line' && this.#pointers.size > 1) this.split.moveTo(this.#percent);
    this.#moves = this.#purposeOf(event);
    this.#percent = this.split.percent;
    if (this.#moves === 'line') this.split.follow(event.clientX);
    this.loupe.moveTo(placeOf(event));
    event.preventDefault();
  }

  #purposeOf({ clientX }: PointerEvent): 'line' | 'picture' | undefined {
    if (this.#pointers.size > 1) return undefined;
    const free = this.split.shown && !this.zoom.zoomed && !this.loupe.shown;
    if (free || this.split.isNear(clientX)) return 'line';
    return this.zoom.zoomed ? 'picture' : undefined;
  }

  #move(event: PointerEvent): void {
    const now = placeOf(event);
    this.loupe.moveTo(now);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    this.#pointers.set(event.pointerId, now);
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, now, other);
    else if (this.#moves === 'line') this.split.follow(now.x);
    else if (this.#moves === 'picture') this.zoom.move(now.x - before.x, now.y - before.y);
  }

  #pinch(before: Place, now: Place, other: Place): void {
    const distance = ({ x, y }: Place) => Math.max(1, Math.hypot(x - other.x, y - other.y));
    this.zoom.by(distance(now) / distance(before), { x: (before.x + other.x) / 2, y: (before.y + other.y) / 2 });
    this.zoom.move((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  #up(pointerId: number): void {
    this.#pointers.delete(pointerId);
    // The finger that stays after a pinch moves the picture on.
    this.#moves = this.#pointers.size === 1 && this.zoom.zoomed ? 'picture' : undefined;
  }

  #wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom.by(Math.exp(-event.deltaY * WHEEL), placeOf(event));
  }
}

function placeOf({ clientX, clientY }: MouseEvent): Place {
  return { x: clientX, y: clientY };
}

function isControl({ target }: Event): boolean {
  return target instanceof Element && target.closest('button, a, input, form, .notice, .pill') !== null;
}
