import { element } from './element.js';
import { pageOf, useToken } from './stream-address.js';

/** The content of a notice: a title, and optionally a text, a countdown, streams to choose, a field for a token, a button. */
export interface NoticeText {
  readonly title: string;
  readonly text?: string;
  /** Milliseconds from now to the next try. The text counts them down. */
  readonly retryInMs?: number | undefined;
  /** Names of streams. Each becomes a link. */
  readonly streams?: readonly string[] | undefined;
  readonly asksToken?: boolean;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** The message over the picture while it does not move. */
export class Notice {
  readonly #box = element('notice', HTMLElement);
  readonly #title = element('notice-title', HTMLElement);
  readonly #text = element('notice-text', HTMLElement);
  readonly #offers = element('notice-offers', HTMLElement);
  readonly #form = element('notice-token', HTMLFormElement);
  readonly #token = element('token', HTMLInputElement);
  readonly #action = element('notice-action', HTMLButtonElement);
  #counting: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      useToken(this.#token.value.trim());
    });
  }

  show({ title, text = '', retryInMs, streams = [], asksToken = false, action }: NoticeText): void {
    this.hide();
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#offers.replaceChildren(...streams.map(linkTo));
    this.#offers.hidden = streams.length === 0;
    this.#form.hidden = !asksToken;
    this.#action.hidden = action === undefined;
    this.#action.textContent = action?.label ?? '';
    this.#action.onclick = action ? () => action.run() : null;
    this.#box.hidden = false;
    if (asksToken) this.#token.focus();
    if (retryInMs !== undefined) this.#countDown(text, performance.now() + retryInMs);
  }

  hide(): void {
    clearInterval(this.#counting);
    this.#box.hidden = true;
  }

  #countDown(text: string, until: number): void {
    const tell = () => {
      const seconds = Math.ceil((until - performance.now()) / 1000);
      this.#text.textContent = [text, seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again.'].filter(Boolean).join(' ');
    };
    tell();
    this.#counting = setInterval(tell, 250);
  }
}

function linkTo(name: string): HTMLAnchorElement {
  const link = document.createElement('a');
  link.href = pageOf(name).href;
  link.textContent = name;
  return link;
}
