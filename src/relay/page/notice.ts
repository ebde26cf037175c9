import { element } from './element.js';

/** The content of a notice: a title, and optionally a text, a countdown and a button. */
export interface NoticeText {
  readonly title: string;
  readonly text?: string;
  /** Milliseconds from now to the next try. The text counts them down. */
  readonly retryInMs?: number;
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** The message over the picture while it does not move. */
export class Notice {
  readonly #box = element('notice', HTMLElement);
  readonly #title = element('notice-title', HTMLElement);
  readonly #text = element('notice-text', HTMLElement);
  readonly #action = element('notice-action', HTMLButtonElement);
  #counting: ReturnType<typeof setInterval> | undefined;

  show({ title, text = '', retryInMs, action }: NoticeText): void {
    this.hide();
    this.#title.textContent = title;
    this.#text.textContent = text;
    this.#action.hidden = action === undefined;
    this.#action.textContent = action?.label ?? '';
    this.#action.onclick = action ? () => action.run() : null;
    this.#box.hidden = false;
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
