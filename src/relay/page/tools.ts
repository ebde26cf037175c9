import type { RelayClient } from '../../client/client.js';
import type { HelloMessage } from '../../client/messages.js';
import type { MediaSourcePlayer } from '../../client/player.js';
import type { Comparison } from './comparison.js';
import { element } from './element.js';

const ANSWER_MS = 6_000;
const AUTO = 'auto';

/** The buttons under the picture, and their keyboard shortcuts. */
export class Tools {
  readonly #play = element('play', HTMLButtonElement);
  readonly #sound = element('sound', HTMLButtonElement);
  readonly #fullscreen = element('fullscreen', HTMLButtonElement);
  readonly #stage = element('stage', HTMLElement);

  constructor(
    private readonly player: MediaSourcePlayer,
    private readonly comparison: Comparison,
  ) {
    this.#play.addEventListener('click', () => this.togglePlay());
    this.#sound.addEventListener('click', () => this.toggleSound());
    this.#fullscreen.addEventListener('click', () => this.toggleFullscreen());
    this.#fullscreen.hidden = !document.fullscreenEnabled;
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  update({ mime }: HelloMessage): void {
    // One codec in the MIME type means video without sound.
    this.#sound.hidden = !mime.includes(',');
  }

  togglePlay(): void {
    if (this.player.paused) this.player.play();
    else this.player.pause();
    const { paused } = this.player;
    this.#play.classList.toggle('on', paused);
    this.#play.setAttribute('aria-label', paused ? 'Play' : 'Pause');
  }

  toggleSound(): void {
    const { video } = this.player;
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

  #key(event: KeyboardEvent): void {
    const typing = event.target instanceof Element && event.target.closest('select, input, textarea');
    const pressing = event.key === ' ' && event.target instanceof Element && event.target.closest('button');
    if (typing || pressing || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = this.#actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  readonly #actions: Readonly<Record<string, (() => void) | undefined>> = {
    ' ': () => this.togglePlay(),
    m: () => this.toggleSound(),
    f: () => this.toggleFullscreen(),
    c: () => this.comparison.toggle(),
    p: () => this.comparison.togglePixels(),
  };
}

/** The menus for preset and level. They are shown to viewers that may switch them. */
export class Switches {
  readonly #preset = element('preset', HTMLSelectElement);
  readonly #level = element('level', HTMLSelectElement);
  readonly #answer = element('answer', HTMLElement);
  #clearing: ReturnType<typeof setTimeout> | undefined;

  constructor(client: RelayClient) {
    this.#preset.addEventListener('change', () => this.#ask(client.set({ preset: this.#preset.value })));
    this.#level.addEventListener('change', () => this.#ask(client.set({ level: this.#level.value })));
    client.on('hello', (hello) => this.#update(hello));
    client.on('error', ({ message }) => this.#say(message));
    client.on('stats', ({ pinned }) => {
      if (document.activeElement !== this.#level) this.#level.value = pinned ?? AUTO;
    });
  }

  #update({ maySet, presets, preset, levels }: HelloMessage): void {
    element('preset-choice', HTMLElement).hidden = !maySet || presets.length < 2;
    element('level-choice', HTMLElement).hidden = !maySet || levels.length < 2;
    fill(this.#preset, presets, preset);
    fill(this.#level, [AUTO, ...levels], this.#level.value || AUTO);
  }

  #ask(sent: boolean): void {
    this.#say(sent ? 'Asked the relay to switch.' : 'The relay is not connected; try again when it is.');
  }

  #say(text: string): void {
    clearTimeout(this.#clearing);
    this.#answer.textContent = text;
    this.#clearing = setTimeout(() => {
      this.#answer.textContent = '';
    }, ANSWER_MS);
  }
}

function fill(select: HTMLSelectElement, values: readonly string[], chosen: string): void {
  select.replaceChildren(...values.map((value) => new Option(value, value)));
  select.value = chosen;
}
