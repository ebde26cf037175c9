import type { RelayClient } from './client.js';
import { Emitter } from './emitter.js';
import { canPlay, MediaBuffer } from './media-buffer.js';
import type { StatsMessage } from './messages.js';
import type { PlayerEvents, PlayerReport } from './player-report.js';
import { type Fragment, hasSameTracks, type InitSegment } from './segments.js';
import { Stalls } from './stalls.js';
import { IN_STEP, Lateness, LIVE_EDGE, Margin, steer } from './steering.js';
import type { MediaTime } from './timeline.js';

export type { PlayerEvents, PlayerReport } from './player-report.js';

/** Options of a player. */
export interface PlayerOptions {
  /** Stay in step with another player, instead of near the live edge. For another rendition of the same stream. */
  readonly follow?: MediaSourcePlayer;
  /** Least seconds that are buffered ahead of the playback position. Grows after stalls. Default 0.15. */
  readonly marginSeconds?: number;
}

const TICK_MS = 100;
/** Seconds that must be buffered before playback starts. Chromium shows the first frame when a few are there. */
const START_SECONDS = 0.1;
/** Seconds buffered ahead beyond which fragments are skipped up to a keyframe. That only happens while the player is paused. */
const MAX_AHEAD_SECONDS = 12;
const MAX_QUEUED_BYTES = 32 * 2 ** 20;
/** Failures in a row, without `WELL_AFTER_SECONDS` of playback in between, after which the player gives up. */
const MAX_FAILURES = 6;
/** Milliseconds of delay, beside what is buffered here, beyond which the connection holds the video up. */
const HELD_UP_MS = 2_000;
/** The `reason` of a connection that `goLive` gave up. */
export const GOING_LIVE = 'Going live.';
const WELL_AFTER_SECONDS = 10;

/**
 * Plays a relay's stream in a `<video>`, near its live edge. Playback continues over gaps, size changes and restarts. The
 * client must be new, since the player needs its first init segment. The caller owns client and element, and closes the
 * client.
 */
export class MediaSourcePlayer extends Emitter<PlayerEvents> {
  readonly #margin: Margin;
  readonly #undo: (() => void)[] = [];
  #buffer: MediaBuffer | undefined;
  #init: InitSegment | undefined;
  #taken: { readonly timeline: number } | undefined;
  #skipping = false;
  #skippedFragments = 0;
  #started = false;
  #wanted = true;
  #failures = 0;
  #playedSeconds = 0;
  readonly #stalls = new Stalls();
  readonly #lateness = new Lateness();
  #clock: { readonly timeline: number; readonly epoch: number; readonly pts: number; readonly at: number } | undefined;

  /** Starts to play at once. `video` and `client` stay the caller's. */
  constructor(
    readonly video: HTMLVideoElement,
    readonly client: RelayClient,
    private readonly options: PlayerOptions = {},
  ) {
    super();
    this.#margin = new Margin(options.marginSeconds);
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#undo.push(
      () => clearInterval(ticking),
      client.on('init', (init) => this.#receiveInit(init)),
      client.on('fragment', (fragment) => this.#receiveFragment(fragment)),
      client.on('stats', (stats) => this.#receiveStats(stats)),
      this.#listen('waiting', () => this.#stall()),
      this.#listen('playing', () => this.#resume()),
      this.#listen('error', () => this.#recover(video.error?.message || 'The browser could not decode the stream.')),
    );
  }

  /** The moment of the stream that is shown. Undefined before the first frame. */
  get position(): MediaTime | undefined {
    return this.#started ? this.#buffer?.timeline.mediaAt(this.video.currentTime) : undefined;
  }

  /** True after `pause`, until `play`. */
  get paused(): boolean {
    return !this.#wanted;
  }

  /** True while the video plays: it has started, and is neither paused nor stalled. */
  get moving(): boolean {
    return this.#started && this.#wanted && !this.#stalls.stalled;
  }

  /** Plays at the live edge. Browsers may require a click first; `blocked` is emitted then. */
  play(): void {
    this.#wanted = true;
    this.video.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === 'NotAllowedError') this.emit('blocked', undefined);
    });
  }

  /** Pauses the video. `play` continues at the live edge. */
  pause(): void {
    this.#wanted = false;
    this.#stalls.end();
    this.video.pause();
  }

  /**
   * Plays at the live edge now. If the connection holds the video up, a new one is made: the relay then begins with its
   * newest keyframe, and leaves out all that still waits for this viewer.
   */
  goLive(): void {
    const { latencyMs, bufferedSeconds } = this.report();
    if (!this.#wanted) this.play();
    const ahead = bufferedSeconds - this.#margin.seconds;
    if (ahead > 0) this.video.currentTime += ahead;
    if (latencyMs !== undefined && latencyMs - bufferedSeconds * 1000 > HELD_UP_MS) this.client.reconnect(GOING_LIVE);
  }

  report(): PlayerReport {
    const quality = this.video.getVideoPlaybackQuality();
    const end = this.#buffer?.range?.end ?? 0;
    return {
      latencyMs: this.#latencyMs(),
      bufferedSeconds: Math.max(0, end - this.video.currentTime),
      playbackRate: this.video.playbackRate,
      stalls: this.#stalls.count,
      stalledMs: this.#stalls.ms,
      decodedFrames: quality.totalVideoFrames,
      droppedFrames: quality.droppedVideoFrames,
      skippedFragments: this.#skippedFragments,
    };
  }

  /** Releases the element. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#drop();
  }

  #listen(name: 'waiting' | 'playing' | 'error', listener: () => void): () => void {
    this.video.addEventListener(name, listener);
    return () => this.video.removeEventListener(name, listener);
  }

  #receiveInit(init: InitSegment): void {
    if (!canPlay(init.hello.mime)) {
      this.#giveUp('SRVID_PLAYBACK_UNSUPPORTED', `This browser cannot play ${init.hello.mime}.`);
      return;
    }
    // A SourceBuffer keeps the tracks that it started with (Media Source Extensions §3.5.8). If sound is added or
    // removed, a new one is needed.
    if (this.#init && !hasSameTracks(init, this.#init)) this.#drop();
    this.#init = init;
    if (this.#buffer) {
      this.#buffer.init(init);
      return;
    }
    this.#buffer = new MediaBuffer(this.video, init, (message) => this.#recover(message));
  }

  #receiveFragment(fragment: Fragment): void {
    const buffer = this.#buffer;
    if (!buffer || this.#init !== fragment.init) return;
    const ahead = (buffer.range?.end ?? 0) - this.video.currentTime;
    if ((this.#started && ahead > MAX_AHEAD_SECONDS) || buffer.queuedBytes > MAX_QUEUED_BYTES) this.#skipping = true;
    const splice = this.#skipping || fragment.gap !== undefined || fragment.init.timeline !== this.#taken?.timeline;
    if ((splice && !fragment.keyframe) || (this.#skipping && ahead > MAX_AHEAD_SECONDS)) {
      this.#skipping = true;
      this.#skippedFragments += 1;
      return;
    }
    this.#skipping = false;
    this.#taken = { timeline: fragment.init.timeline };
    buffer.append(fragment, splice);
  }

  #receiveStats({ clock }: StatsMessage): void {
    if (this.#init && clock) this.#clock = { ...clock, timeline: this.#init.timeline, epoch: this.#init.hello.epoch };
  }

  #latencyMs(): number | undefined {
    const now = this.client.relayNow();
    const shown = this.position;
    if (now === undefined || !shown || !this.#clock || this.#clock.timeline !== this.#taken?.timeline || this.#clock.epoch !== shown.epoch) return undefined;
    return now - (this.#clock.at + (shown.time - this.#clock.pts) * 1000);
  }

  #tick(): void {
    const range = this.#buffer?.range;
    if (!range) return;
    if (!this.#started) {
      this.#start(range);
      return;
    }
    if (this.options.follow) {
      this.#follow(this.options.follow);
      return;
    }
    if (!this.#wanted) return;
    const hole = this.#stalls.stalled ? this.#buffer?.afterHole(this.video.currentTime) : undefined;
    if (hole !== undefined) this.video.currentTime = hole;
    const behind = range.end - this.#margin.seconds - this.video.currentTime;
    if (this.#lateness.isHopeless(behind, TICK_MS / 1000)) this.video.currentTime += behind;
    else this.#steer(behind, LIVE_EDGE);
    if (this.#stalls.stalled) return;
    this.#margin.played(TICK_MS / 1000);
    this.#playedSeconds += TICK_MS / 1000;
    if (this.#playedSeconds > WELL_AFTER_SECONDS) this.#failures = 0;
  }

  #start({ start, end }: { readonly start: number; readonly end: number }): void {
    if (end - start < START_SECONDS) return;
    this.#started = true;
    // A viewer that joins late also gets the frames since the last keyframe. They are decoded but not shown.
    this.video.currentTime = Math.max(start, end - this.#margin.seconds);
    if (this.#wanted) this.play();
  }

  #follow(leader: MediaSourcePlayer): void {
    if (leader.paused !== this.paused) {
      if (leader.paused) this.pause();
      else this.play();
    }
    const target = leader.position && this.#buffer?.timeline.playbackAt(leader.position);
    if (target === undefined) return;
    const behind = target - this.video.currentTime;
    if (this.paused && Math.abs(behind) > IN_STEP.tolerance) this.video.currentTime = target;
    else this.#steer(behind, IN_STEP, leader.video.playbackRate);
  }

  #steer(behind: number, steering: typeof LIVE_EDGE, speed = 1): void {
    if (this.video.seeking) return;
    const change = steer(behind, steering);
    if (change === 'leap') this.video.currentTime += behind;
    const rate = change === 'leap' ? speed : speed * change;
    if (Math.abs(this.video.playbackRate - rate) > 0.002) this.video.playbackRate = rate;
  }

  #stall(): void {
    if (!this.#started || !this.#wanted || this.video.seeking || this.#stalls.stalled) return;
    this.#stalls.begin();
    this.#margin.stalled();
    this.emit('stalled', undefined);
  }

  #resume(): void {
    this.#stalls.end();
    this.emit('playing', undefined);
  }

  /** Replaces the MediaSource after an error, since an errored one cannot be used. A new connection starts with an init segment and a keyframe. */
  #recover(message: string): void {
    if (!this.#buffer) return;
    this.#drop();
    this.#playedSeconds = 0;
    this.#failures += 1;
    if (this.#failures > MAX_FAILURES) {
      this.#giveUp('SRVID_PLAYBACK_FAILED', `Playing failed ${this.#failures} times in a row, the last time with: ${message}`);
      return;
    }
    this.client.reconnect(message);
  }

  #giveUp(code: string, message: string): void {
    this.close();
    this.emit('failed', { type: 'error', code, message });
  }

  #drop(): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    this.#init = undefined;
    this.#taken = undefined;
    this.#started = false;
    this.#skipping = false;
    this.#stalls.end();
    buffer?.close();
  }
}
