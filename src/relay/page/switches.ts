import type { RelayClient } from '../../client/client.js';
import type { HelloMessage } from '../../client/messages.js';
import { element } from './element.js';
import { errorWords } from './words.js';

const ANSWER_MS = 6_000;
const AUTO = 'auto';

/** The menus for preset and network. They are shown to viewers that may switch them. */
export class Switches {
  readonly #preset = element('preset', HTMLSelectElement);
  readonly #level = element('level', HTMLSelectElement);
  readonly #answer = element('answer', HTMLElement);
  #clearing: ReturnType<typeof setTimeout> | undefined;

  constructor(client: RelayClient) {
    this.#preset.addEventListener('change', () => this.#ask(client.set({ preset: this.#preset.value })));
    this.#level.addEventListener('change', () => this.#ask(client.set({ level: this.#level.value })));
    client.on('hello', (hello) => this.#update(hello));
    client.on('error', ({ code }) => {
      if (!client.closed) this.#say(errorWords(code));
    });
    client.on('stats', ({ pinned }) => {
      if (document.activeElement !== this.#level) this.#level.value = pinned ?? AUTO;
    });
  }

  #update({ maySet, presets, preset, levels, networks = levels }: HelloMessage): void {
    element('preset-choice', HTMLElement).hidden = !maySet || presets.length < 2;
    element('level-choice', HTMLElement).hidden = !maySet || levels.length < 2;
    const chosen = this.#level.value || AUTO;
    this.#preset.replaceChildren(...presets.map((name) => new Option(name, name)));
    this.#preset.value = preset;
    this.#level.replaceChildren(new Option('automatic', AUTO), ...levels.map((name) => new Option(levelText(name, networks), name)));
    this.#level.value = chosen;
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

function levelText(name: string, networks: readonly string[]): string {
  if (networks.includes(name)) return name;
  return name === 'bypass' ? 'none: only enlarge' : `${name}: only enlarge`;
}
