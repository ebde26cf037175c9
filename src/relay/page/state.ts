import type { RelayClient } from '../../client/client.js';
import type { CloseEvent } from '../../client/client-events.js';
import type { StateMessage } from '../../client/messages.js';
import { GOING_LIVE, type MediaSourcePlayer } from '../../client/player.js';
import { element } from './element.js';
import { type Liveness, LivenessWatch } from './liveness.js';
import { Notice } from './notice.js';
import { closingWords, errorWords, refusalWords } from './words.js';

/** Milliseconds before "Connecting" is shown. A relay that answers sooner needs no such notice. */
const PATIENCE_MS = 700;
/** Milliseconds between two looks at how far behind the picture is. */
const LOOK_MS = 500;
const AGAIN = { label: 'Try again', run: () => location.reload() };

type Lamp = Liveness['lamp'] | 'connecting' | 'waiting' | 'lost' | 'ended';

/** Tells the stream's state: by the lamp in the corner, and on the picture. */
export class StateView {
  readonly #notice = new Notice();
  readonly #liveness: LivenessWatch;
  readonly #patience: ReturnType<typeof setTimeout>;
  #playing = false;
  /** Nothing has come since the picture was interrupted: what still plays was buffered before. */
  #starved = false;

  /** @param name the stream's name, for when there is none of it */
  constructor(
    private readonly client: RelayClient,
    player: MediaSourcePlayer,
    private readonly name: string,
  ) {
    this.#liveness = new LivenessWatch(player);
    this.#patience = setTimeout(() => this.#notice.show({ title: 'Connecting' }), PATIENCE_MS);
    player.on('playing', () => {
      if (!this.#starved) this.#live();
    });
    // If an interruption was shorter than the buffer, the picture never stopped: remove the notice at once.
    client.on('fragment', () => {
      this.#starved = false;
      if (!this.#playing && player.moving) this.#live();
    });
    player.on('blocked', () => this.#notice.show({ title: 'Ready', action: { label: 'Play', run: () => player.play() } }));
    player.on('failed', ({ code }) => {
      this.client.close();
      this.#interrupt('lost', 'Stopped');
      this.#notice.show({ title: 'This cannot be played', text: errorWords(code), action: AGAIN });
    });
    client.on('state', (message) => this.#told(message));
    client.on('close', (event) => this.#closed(event));
    setInterval(() => this.look(), LOOK_MS);
  }

  /** Looks how far behind the picture is, and tells it. Does nothing while there is no picture. */
  look(): void {
    if (!this.#playing) return;
    const liveness = this.#liveness.look();
    this.#light(liveness.lamp, liveness.word);
    this.#liveness.show(liveness);
  }

  #live(): void {
    this.#playing = true;
    clearTimeout(this.#patience);
    this.#notice.hide();
    this.look();
  }

  #interrupt(lamp: Lamp, word: string): void {
    this.#playing = false;
    this.#starved = true;
    clearTimeout(this.#patience);
    this.#liveness.show({});
    this.#light(lamp, word);
  }

  #light(lamp: Lamp, word: string): void {
    element('state', HTMLElement).dataset['state'] = lamp;
    element('state-text', HTMLElement).textContent = word;
  }

  #told({ state, retryInMs }: StateMessage): void {
    if (state === 'live') this.#live();
    else if (state === 'ended') this.#interrupt('ended', 'Ended');
    else {
      this.#interrupt('waiting', 'Waiting');
      // The relay's message may have ffmpeg's words, which are for whoever runs the relay.
      this.#notice.show({ title: 'The source is away', text: retryInMs === undefined ? 'The picture comes back when it does.' : '', retryInMs });
    }
  }

  #closed({ code, reason, retryInMs, refusal }: CloseEvent): void {
    if (reason === GOING_LIVE) {
      this.#interrupt('connecting', 'Going live');
      this.#notice.show({ title: 'Going to the live picture' });
    } else if (refusal?.final) {
      this.#interrupt('lost', 'Refused');
      document.body.classList.add('refused');
      this.#notice.show({ ...refusalWords(refusal, this.name), streams: refusal.streams });
    } else if (retryInMs !== undefined) {
      this.#interrupt('lost', 'Reconnecting');
      this.#notice.show({ title: refusal ? 'The relay has no room for you now' : closingWords(code), retryInMs });
    } else if (code === 1000) {
      this.#interrupt('ended', 'Ended');
      this.#notice.show({ title: 'The stream has ended', action: { ...AGAIN, label: 'Watch again' } });
    } else {
      this.#interrupt('lost', 'Stopped');
      this.#notice.show({ title: 'The relay closed the connection', text: `It did not take what this page sent (${code}).`, action: AGAIN });
    }
  }
}
