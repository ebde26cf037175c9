import { RELAY_DEFAULTS } from '../../options/limits.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Hello, ServerMessage, StateMessage } from './protocol.js';

export type RenditionName = Hello['rendition'];

/** What a `hello` says that neither the init segment nor the viewer's token does. */
export type About = Omit<Hello, 'type' | 'v' | 'mime' | 'width' | 'height' | 'maySet'>;

/** From one init segment to the next. */
export interface Epoch {
  readonly init: InitSegment;
  readonly about: About;
}

/** Whoever a rendition is given to. Nothing here may throw or wait. */
export interface Subscriber {
  begin(epoch: Epoch): void;
  fragment(fragment: Fragment): void;
  say(message: ServerMessage): void;
  /** The stream ended; nothing follows. */
  end(): void;
}

/** What went to viewers, from the relay's start on. */
export interface Delivery {
  /** Viewers now, and all there ever were. */
  viewers: number;
  joined: number;
  fragments: number;
  bytes: number;
  /** How often a viewer was too slow, and the fragments that were not sent to it. */
  gaps: number;
  skipped: number;
  /** Viewers that were closed because they took nothing, or too little. */
  stuck: number;
}

/**
 * One encoding of one stream, and everybody who watches it: each fragment is handed on as it comes, and those since the
 * last keyframe are kept, so that who comes later sees a picture at once.
 */
export class Rendition {
  readonly delivery: Delivery = { viewers: 0, joined: 0, fragments: 0, bytes: 0, gaps: 0, skipped: 0, stuck: 0 };
  readonly #maxBacklogBytes: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Those of them that are no viewers. */
  readonly #others = new Set<Subscriber>();
  #epoch: Epoch | undefined;
  /** From a keyframe on; empty where there was none yet, or too much since. */
  #backlog: Fragment[] = [];
  #backlogBytes = 0;
  /** The last `state` that was said in this epoch, unless all is well again: who comes later is told, too. */
  #state: StateMessage | undefined;
  #ended = false;

  constructor({ maxBacklogBytes }: { readonly maxBacklogBytes: number } = RELAY_DEFAULTS) {
    this.#maxBacklogBytes = maxBacklogBytes;
  }

  get viewers(): number {
    return this.#subscribers.size - this.#others.size;
  }

  /** A new epoch: everybody gets `hello` and the init segment, and then fragments of it from a keyframe on. */
  begin(init: InitSegment, about: About): void {
    this.forget();
    this.#ended = false;
    this.#state = undefined;
    this.#epoch = { init, about };
    for (const subscriber of this.#subscribers) subscriber.begin(this.#epoch);
  }

  /** The fragment after the one before, of the epoch that was begun. Its bytes are shared with every viewer. */
  push(fragment: Fragment): void {
    this.#keep(fragment);
    for (const subscriber of this.#subscribers) subscriber.fragment(fragment);
  }

  say(message: ServerMessage): void {
    if (message.type === 'state') this.#state = message.state === 'live' ? undefined : message;
    for (const subscriber of this.#subscribers) subscriber.say(message);
  }

  /** The stream ended for good: everybody is told `reason` and closed, and so is who comes later, until the next `begin`. */
  end(reason: string): void {
    this.forget();
    this.#ended = true;
    this.say({ type: 'state', state: 'ended', message: reason });
    for (const subscriber of [...this.#subscribers]) subscriber.end();
  }

  /** Nothing that came so far is given to who comes later: the source is away, or nobody watched. */
  forget(): void {
    this.#epoch = undefined;
    this.#backlog = [];
    this.#backlogBytes = 0;
  }

  /** Everything from the last keyframe on at once, and then what comes. The result ends it. */
  subscribe(subscriber: Subscriber, as: 'viewer' | 'other' = 'viewer'): () => void {
    this.#subscribers.add(subscriber);
    if (as === 'viewer') this.delivery.joined++;
    else this.#others.add(subscriber);
    this.delivery.viewers = this.viewers;
    if (this.#state) subscriber.say(this.#state);
    if (this.#ended) subscriber.end();
    if (this.#epoch) subscriber.begin(this.#epoch);
    for (const fragment of this.#backlog) subscriber.fragment(fragment);
    return () => {
      this.#subscribers.delete(subscriber);
      this.#others.delete(subscriber);
      this.delivery.viewers = this.viewers;
    };
  }

  #keep(fragment: Fragment): void {
    if (fragment.keyframe) {
      this.#backlog = [];
      this.#backlogBytes = 0;
    } else if (this.#backlog.length === 0) {
      return;
    }
    this.#backlog.push(fragment);
    this.#backlogBytes += fragment.bytes.length;
    if (this.#backlogBytes > this.#maxBacklogBytes) this.#backlog = [];
  }
}
