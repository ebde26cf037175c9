import { RELAY_DEFAULTS } from '../../options/limits.js';
import type { Fragment } from '../fmp4/fragment.js';
import type { InitSegment } from '../fmp4/init-segment.js';
import type { Hello, ServerMessage, StateMessage } from './protocol.js';

/** The name of a rendition: `sr`, `source` or `raw`. */
export type RenditionName = Hello['rendition'];

/** The part of a `hello` that does not depend on the init segment or the viewer's token. */
export type About = Omit<Hello, 'type' | 'v' | 'mime' | 'width' | 'height' | 'maySet'>;

/** One uninterrupted run of fragments, with the init segment that they belong to. */
export interface Epoch {
  readonly init: InitSegment;
  readonly about: About;
}

/** Receives a rendition's output. None of these methods may throw or wait, since they run for one subscriber after another. */
export interface Subscriber {
  /** A new epoch starts. Its fragments follow. */
  begin(epoch: Epoch): void;
  fragment(fragment: Fragment): void;
  say(message: ServerMessage): void;
  /** The stream ended. Nothing follows. */
  end(): void;
}

/** Counts for one rendition since the relay started. */
export interface Delivery {
  /** `viewers`: connected now. `joined`: all that ever connected. */
  viewers: number;
  joined: number;
  fragments: number;
  bytes: number;
  /** `gaps`: how often a viewer was too slow. `skipped`: fragments that were not sent to it. */
  gaps: number;
  skipped: number;
  /** Viewers that were closed because they took nothing, or too little. */
  stuck: number;
}

/**
 * One encoding of one stream, with everybody who watches it. Each fragment goes to all subscribers as it comes. The
 * fragments since the last keyframe are kept, so that a new viewer sees a picture at once.
 */
export class Rendition {
  /** Counts for this rendition. Viewers update them, too. */
  readonly delivery: Delivery = { viewers: 0, joined: 0, fragments: 0, bytes: 0, gaps: 0, skipped: 0, stuck: 0 };
  readonly #maxBacklogBytes: number;
  readonly #subscribers = new Set<Subscriber>();
  /** Subscribers that are not viewers, such as a recorder. */
  readonly #others = new Set<Subscriber>();
  #epoch: Epoch | undefined;
  /** Fragments since the last keyframe. Empty before the first keyframe, or when they would exceed `maxBacklogBytes`. */
  #backlog: Fragment[] = [];
  #backlogBytes = 0;
  /** The last `state` message of this epoch if the stream is not live. New viewers are sent it, too. */
  #state: StateMessage | undefined;
  #ended = false;

  constructor({ maxBacklogBytes }: { readonly maxBacklogBytes: number } = RELAY_DEFAULTS) {
    this.#maxBacklogBytes = maxBacklogBytes;
  }

  /** Number of subscribers that are viewers. */
  get viewers(): number {
    return this.#subscribers.size - this.#others.size;
  }

  /** Starts a new epoch: every subscriber gets `hello` and the init segment, then fragments from a keyframe on. */
  begin(init: InitSegment, about: About): void {
    this.forget();
    this.#ended = false;
    this.#state = undefined;
    this.#epoch = { init, about };
    for (const subscriber of this.#subscribers) subscriber.begin(this.#epoch);
  }

  /** Hands on the next fragment of the current epoch. All viewers share its bytes, so they must not be written to. */
  push(fragment: Fragment): void {
    this.#keep(fragment);
    for (const subscriber of this.#subscribers) subscriber.fragment(fragment);
  }

  /** Sends a text message to all subscribers. */
  say(message: ServerMessage): void {
    if (message.type === 'state') this.#state = message.state === 'live' ? undefined : message;
    for (const subscriber of this.#subscribers) subscriber.say(message);
  }

  /** Ends the stream: every subscriber is told `reason`, with the error's code if it was one, and closed. Later ones are closed at once, until the next `begin`. */
  end(reason: string, code?: string): void {
    this.forget();
    this.#ended = true;
    this.say({ type: 'state', state: 'ended', message: reason, ...(code === undefined ? {} : { code }) });
    for (const subscriber of [...this.#subscribers]) subscriber.end();
  }

  /** Drops the epoch and its fragments, so that new viewers wait for the next one. For when the source is away or nobody watches. */
  forget(): void {
    this.#epoch = undefined;
    this.#backlog = [];
    this.#backlogBytes = 0;
  }

  /** Sends the fragments since the last keyframe, then each new one. @returns a function that unsubscribes */
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
