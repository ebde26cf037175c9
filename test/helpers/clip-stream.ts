import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll } from 'vitest';
import { Rendition, type RenditionName } from '../../dist/relay/delivery/rendition.js';
import type { Fragment } from '../../dist/relay/fmp4/fragment.js';
import type { InitSegment } from '../../dist/relay/fmp4/init-segment.js';
import { FragmentSplitter } from '../../dist/relay/fmp4/splitter.js';
import { LIVE_MP4 } from '../../dist/relay/stream/live-encoding.js';
import type { RelayStream, StreamState, StreamStatus } from '../../dist/relay/stream/stream.js';
import { ffmpeg } from './media.js';

const FPS = 25;
const TICK_MS = 5;
/** The luma of the left quarter says which frame it is: 16 + 4 × (n mod 50). */
const COUNTER = "geq=lum='if(lt(X,W/4),16+4*mod(N,50),lum(X,Y))':cb='if(lt(X,W/4),128,cb(X,Y))':cr='if(lt(X,W/4),128,cr(X,Y))'";

interface Encoded {
  readonly init: InitSegment;
  readonly fragments: readonly Fragment[];
}

/** The same moving picture twice, as the source and larger. */
export interface Clip {
  readonly sr: Encoded;
  readonly source: Encoded;
  readonly seconds: number;
}

export interface ClipOptions {
  readonly seconds: number;
  readonly sourceSize: string;
  readonly size: string;
  readonly sound?: boolean;
}

/** Encodes as a live relay does: low delay, a keyframe a second, a fragment a frame with its sound. */
export async function encodeClip(folder: string, { seconds, sourceSize, size, sound = true }: ClipOptions): Promise<Clip> {
  const encode = async (pictureSize: string): Promise<Encoded> => {
    const path = join(folder, `${pictureSize}-${seconds}.mp4`);
    await ffmpeg(
      ...['-f', 'lavfi', '-i', `testsrc2=size=${sourceSize}:rate=${FPS}:duration=${seconds},${COUNTER},scale=${pictureSize}`],
      ...(sound ? ['-f', 'lavfi', '-i', `sine=duration=${seconds}`, '-c:a', 'aac'] : []),
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', `${FPS}`, '-sc_threshold', '0'],
      ...[...LIVE_MP4.options(), path],
    );
    const pieces = new FragmentSplitter().push(await readFile(path));
    const init = pieces.find((piece) => piece.kind === 'init');
    if (!init) throw new Error(`${path} has no init segment.`);
    return { init, fragments: pieces.filter((piece) => piece.kind === 'fragment') };
  };
  const [sr, source] = await Promise.all([encode(size), encode(sourceSize)]);
  return { sr, source, seconds };
}

/** A stream that shows clips at their own rate: an engine's place. Times of each begin at `startSeconds` of the stream's. */
export class ClipStream implements RelayStream {
  readonly name = 'main';
  state: StreamState = 'starting';
  /** Requests to `set`. */
  readonly changes: unknown[] = [];
  /** The share of frames of which it says that a network made them; null says that there were no frames. */
  share: number | null = 1;
  readonly #renditions = { sr: new Rendition(), source: new Rendition() };
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  #clip: Clip | undefined;
  #epoch: number;
  #startedAt = 0;
  #sent = { sr: 0, source: 0 };
  readonly #leftOut = new Map<RenditionName, { readonly from: number; fragments: number }>();
  #saidAt = 0;
  #damaged = false;

  /** @param firstEpoch as if so many had been before. */
  constructor(firstEpoch = 0) {
    this.#epoch = firstEpoch - 1;
    afterAll(() => this.stop());
  }

  /** Begins an epoch with the clip. */
  show(clip: Clip): void {
    this.#clip = clip;
    this.#epoch += 1;
    this.#startedAt = performance.now();
    this.#sent = { sr: 0, source: 0 };
    this.state = 'live';
    for (const [name, rendition] of this.#named()) {
      rendition.begin(clip[name].init, {
        ...{ stream: this.name, rendition: name, epoch: this.#epoch, fps: FPS, renditions: ['sr', 'source'] },
        ...{ source: { width: clip.source.init.width, height: clip.source.init.height }, budgetMs: 100 },
        ...{ preset: 'fast', presets: ['fast', 'live-1080p'], levels: ['abpn', 'bypass'], networks: ['abpn'] },
      });
    }
  }

  /** From now on nothing is sent, up to the first keyframe after so many seconds: what a viewer that is too slow sees. */
  leaveOut(seconds: number): void {
    for (const [name] of this.#named()) this.#leftOut.set(name, { from: this.#now() + seconds, fragments: 0 });
  }

  /** The next fragment's first picture is damaged where no decoder can overlook it: its first NAL unit claims to be 4 GiB long. */
  damage(): void {
    this.#damaged = true;
  }

  wait(message: string, retryInMs: number): void {
    this.#clip = undefined;
    this.state = 'waiting';
    for (const [, rendition] of this.#named()) rendition.say({ type: 'state', state: 'waiting', message, retryInMs });
  }

  end(reason: string): void {
    this.stop();
    this.state = 'ended';
    for (const [, rendition] of this.#named()) rendition.end(reason);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#clip = undefined;
  }

  rendition(name: RenditionName): Rendition {
    return this.#renditions[name];
  }

  watch(): () => void {
    return () => {};
  }

  async set(change: object): Promise<void> {
    this.changes.push(change);
  }

  async ingest(_bytes: Readable): Promise<void> {}

  status(): StreamStatus {
    return { epoch: Math.max(0, this.#epoch), preset: 'fast' };
  }

  #named(): [RenditionName, Rendition][] {
    return Object.entries(this.#renditions) as [RenditionName, Rendition][];
  }

  #now(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #tick(): void {
    const clip = this.#clip;
    if (!clip) return;
    for (const [name, rendition] of this.#named()) {
      const { fragments } = clip[name];
      for (let next = fragments[this.#sent[name]]; next && next.startSeconds <= this.#now(); next = fragments[this.#sent[name]]) {
        this.#sent[name] += 1;
        if (!this.#isLeftOut(next, name)) rendition.push(name === 'sr' && this.#damaged ? this.#damage(next) : next);
      }
    }
    if (performance.now() - this.#saidAt < 1000) return;
    this.#saidAt = performance.now();
    this.#sayStats();
  }

  #isLeftOut(fragment: Fragment, name: RenditionName): boolean {
    const gap = this.#leftOut.get(name);
    if (!gap) return false;
    if (!fragment.keyframe || fragment.startSeconds < gap.from) {
      gap.fragments += 1;
      return true;
    }
    this.#leftOut.delete(name);
    const to = fragment.startSeconds;
    this.#renditions[name].say({ type: 'gap', from: to - gap.fragments / FPS, to, fragments: gap.fragments, reason: 'slow' });
    return false;
  }

  #damage(fragment: Fragment): Fragment {
    this.#damaged = false;
    const bytes = Buffer.from(fragment.bytes);
    bytes.writeUInt32BE(0xffffffff, bytes.indexOf('mdat') + 4);
    return { ...fragment, bytes };
  }

  #sayStats(): void {
    const at = performance.timeOrigin + performance.now();
    const frames = this.#sent.sr;
    const rate = this.share === null ? 0 : FPS;
    const made = rate * (this.share ?? 0);
    const percentiles = { p50: 1, p95: 2, p99: 3 };
    for (const [, rendition] of this.#named()) {
      rendition.say({
        ...{ type: 'stats', at, fps: FPS, sourceFps: FPS, level: 'abpn', pinned: null, levels: { abpn: frames, bypass: 0 }, viewers: 1 },
        ...{ perSecond: { levels: { abpn: made, bypass: rate - made }, dropped: 0 }, superResolved: this.share },
        outcomes: { sr: frames, reused: 0, bypassed: 0, dropped: 0 },
        ...{ latencyMs: percentiles, relayMs: percentiles, clock: { pts: this.#now(), at } },
      });
    }
  }
}
