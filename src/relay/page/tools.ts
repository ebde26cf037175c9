import type { HelloMessage } from '../../client/messages.js';
import type { MediaSourcePlayer } from '../../client/player.js';
import type { Comparison } from './comparison.js';
import { element } from './element.js';
import type { Loupe } from './loupe.js';
import type { StateView } from './state.js';
import type { Zoom } from './zoom.js';

/** CSS pixels by which an arrow key moves an enlarged picture. */
const STRIDE = 40;

/** The parts of the page that the buttons and keys work on. */
export interface Worked {
  readonly player: MediaSourcePlayer;
  readonly comparison: Comparison;
  readonly zoom: Zoom;
  readonly loupe: Loupe;
  readonly state: StateView;
}

/** The buttons under the picture, and their keyboard shortcuts. */
export class Tools {
  readonly #play = element('play', HTMLButtonElement);
  readonly #sound = element('sound', HTMLButtonElement);
  readonly #fullscreen = element('fullscreen', HTMLButtonElement);
  readonly #stage = element('stage', HTMLElement);

  constructor(private readonly worked: Worked) {
    this.#play.addEventListener('click', () => this.togglePlay());
    this.#sound.addEventListener('click', () => this.toggleSound());
    this.#fullscreen.addEventListener('click', () => this.toggleFullscreen());
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    element('go-live', HTMLButtonElement).addEventListener('click', () => this.goLive());
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  update({ mime }: HelloMessage): void {
    // One codec in the MIME type means video without sound.
    this.#sound.hidden = !mime.includes(',');
  }

  togglePlay(): void {
    const { player } = this.worked;
    if (player.paused) player.play();
    else player.pause();
    this.#showPaused();
  }

  goLive(): void {
    this.worked.player.goLive();
    this.#showPaused();
  }

  toggleSound(): void {
    const { video } = this.worked.player;
    video.muted = !video.muted;
    this.#sound.classList.toggle('on', !video.muted);
    this.#sound.setAttribute('aria-pressed', String(!video.muted));
  }

  toggleFullscreen(): void {
    const change = document.fullscreenElement ? document.exitFullscreen() : this.#stage.requestFullscreen();
    change.catch(() => {
      // The browser reports a refusal itself.
    });
  }

  #showPaused(): void {
    const { player, state } = this.worked;
    this.#play.classList.toggle('on', player.paused);
    this.#play.setAttribute('aria-label', player.paused ? 'Play' : 'Pause');
    state.look();
  }

  #key(event: KeyboardEvent): void {
    const typing = event.target instanceof Element && event.target.closest('select, input, textarea');
    const pressing = event.key === ' ' && event.target instanceof Element && event.target.closest('button');
    if (event.defaultPrevented || typing || pressing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { zoom } = this.worked;
    const moved = zoom.zoomed ? ARROWS[event.key] : undefined;
    const action = moved ? () => zoom.move(...moved) : this.#actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  readonly #actions: Readonly<Record<string, (() => void) | undefined>> = {
    ' ': () => this.togglePlay(),
    l: () => this.goLive(),
    m: () => this.toggleSound(),
    f: () => this.toggleFullscreen(),
    c: () => this.worked.comparison.toggle(),
    p: () => this.worked.comparison.togglePixels(),
    z: () => this.worked.zoom.toggle(),
    g: () => this.worked.loupe.toggle(),
    '+': () => this.worked.zoom.in(),
    '-': () => this.worked.zoom.out(),
  };
}

const ARROWS: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowLeft: [STRIDE, 0],
  ArrowRight: [-STRIDE, 0],
  ArrowUp: [0, STRIDE],
  ArrowDown: [0, -STRIDE],
};
