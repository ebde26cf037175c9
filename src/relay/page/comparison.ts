import { connect, type RelayClient } from '../../client/client.js';
import { MediaSourcePlayer } from '../../client/player.js';
import { element } from './element.js';
import type { Split } from './split.js';
import type { StreamAddress } from './stream-address.js';

/** The source beside the result. It opens a second connection while it is shown, and a second player that stays in step with the first. */
export class Comparison {
  readonly #video = element('before', HTMLVideoElement);
  readonly #button = element('compare', HTMLButtonElement);
  readonly #pixels = element('pixels', HTMLButtonElement);
  #client: RelayClient | undefined;
  #player: MediaSourcePlayer | undefined;
  #offered = false;
  #wanted = true;

  constructor(
    private readonly leader: MediaSourcePlayer,
    private readonly split: Split,
    private readonly address: StreamAddress,
  ) {
    this.#button.addEventListener('click', () => this.toggle());
    this.#pixels.addEventListener('click', () => this.togglePixels());
    this.#video.addEventListener('playing', () => this.#appear(), { once: true });
  }

  /** The player of the source. Undefined while the comparison is off. */
  get player(): MediaSourcePlayer | undefined {
    return this.#player;
  }

  /** Enables the comparison if the stream has a source rendition. */
  offer(offered: boolean): void {
    this.#offered = offered;
    this.#button.hidden = !offered;
    this.#pixels.hidden = !offered;
    this.#update();
  }

  toggle(): void {
    this.#wanted = !this.#wanted;
    this.#update();
  }

  togglePixels(): void {
    const pixels = this.#pixels.getAttribute('aria-pressed') !== 'true';
    this.#pixels.setAttribute('aria-pressed', String(pixels));
    this.#video.classList.toggle('pixels', pixels);
  }

  #update(): void {
    const shown = this.#offered && this.#wanted;
    this.#button.setAttribute('aria-pressed', String(this.#wanted));
    this.#pixels.disabled = !this.#wanted;
    if (shown && !this.#client) this.#begin();
    if (!shown) this.#end();
  }

  #begin(): void {
    this.#client = connect(this.address.url, { token: this.address.token, rendition: 'source', pauseWhileHidden: true });
    this.#player = new MediaSourcePlayer(this.#video, this.#client, { follow: this.leader });
    // The source was shown before, so the dividing line can appear at once.
    if (this.#video.dataset['seen']) this.split.show(true);
  }

  #end(): void {
    this.split.show(false);
    this.#player?.close();
    this.#client?.close();
    this.#player = undefined;
    this.#client = undefined;
  }

  #appear(): void {
    this.#video.dataset['seen'] = 'yes';
    if (!this.#client) return;
    this.split.show(true);
    this.split.greet();
  }
}
