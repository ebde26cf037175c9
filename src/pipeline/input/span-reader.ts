import { SrvidError } from '../../errors.js';
import { frameBytes, type HeldFrame } from '../frames/frame.js';
import { ptsToSeconds, toNumber } from '../frames/time.js';
import { type Cut, isCut, type TimeRange, zeroOf } from './cut.js';
import type { Decoder } from './decode.js';
import type { Source } from './source.js';

/** Frames to read: those of [from, to), and some beside them. Ticks of the source's time base on the decoder's clock. */
export interface FrameSpan {
  /** Pts of a keyframe; undefined for the beginning. */
  readonly from: number | undefined;
  /** Undefined for the end. */
  readonly to: number | undefined;
  /** Frames before `from` that are read, too, as far as there are any. */
  readonly past: number;
  /** The same from `to` on. */
  readonly future: number;
  /** Decodes from the beginning of the source, since a keyframe turned out to need what comes before it. */
  readonly fromBeginning?: boolean;
  /** The decoder stays at `to`, for the reader of the next span. Only where no neighbours are read. */
  readonly leaves?: boolean;
}

/** Settings of a span's reading. */
export interface SpanSource {
  readonly source: Source;
  /** The part of the source that was asked for, in which the span lies. */
  readonly range: TimeRange;
  /** Starts a decoder, with a reading of its own or from the beginning of the range. */
  readonly decode: (cut: Cut | undefined) => Decoder;
}

/** A decoder at the end of a span, and the frame after that, which it has given already. */
interface Left extends HeldFrame {
  readonly decoder: Decoder;
  readonly isWhole: boolean;
}

/** Frames that may be spoilt where decoding begins: those that are shown before the keyframe, and those that a deinterlacer has no neighbours for. */
const SPOILT = 18;
/** ffmpeg seeks in Matroska this much before the time, where frames are reordered: 3 / 23 s, and a little. */
const EARLY_SECONDS = 0.14;
/** Room for a time that is rounded to microseconds. */
const ROUNDING_SECONDS = 0.001;
/** Seconds before the wanted frame at which decoding begins, one attempt after the other; at last it begins at the beginning. */
const EARLIER = [0, 2, 15, 60] as const;

/**
 * Reads the frames of one span, each exactly once, whatever the container's index says: decoding begins at a keyframe, earlier
 * where the first frame is not the one that is wanted. Where the span before has left its decoder, that one goes on.
 */
export class SpanReader {
  #decoder: Decoder | undefined;
  #ending: Promise<void> | undefined;
  /** Frames that were read in search of the first. */
  #held: HeldFrame[] = [];
  #after = 0;
  #said: Pick<Decoder, 'log' | 'otherShape' | 'hasLateCaptions'> | undefined;
  #isWhole = false;
  #isStopped = false;
  #isOver = false;
  #leaves: boolean;
  #left: Left | undefined;
  #before: SpanReader | undefined;
  readonly #parted: Promise<void>;
  #part: () => void = () => {};

  /** @param before reader of the span that ends where this one begins, which leaves its decoder */
  constructor(
    private readonly setting: SpanSource,
    readonly span: FrameSpan,
    before?: SpanReader,
  ) {
    this.#before = before;
    this.#leaves = span.leaves === true;
    this.#parted = new Promise((resolve) => {
      this.#part = resolve;
    });
  }

  /** The last lines that ffmpeg printed, before the span's end. */
  get log(): readonly string[] {
    return this.#words?.log ?? [];
  }

  /** See `Decoder.otherShape`. */
  get otherShape(): string | undefined {
    return this.#words?.otherShape;
  }

  /** See `Decoder.hasLateCaptions`. */
  get hasLateCaptions(): boolean {
    return this.#words?.hasLateCaptions ?? false;
  }

  /** Decoding began at the beginning, be it in a span before this one: what ffmpeg says is not about a beginning in mid-stream. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Finds the first frame. @throws the errors of `Decoder.open`; SRVID_INPUT_DAMAGED where the frame is not there */
  async open(): Promise<void> {
    const { from } = this.span;
    const left = this.#before && (await this.#before.#taken());
    this.#before = undefined;
    if (left) {
      [this.#decoder, this.#isWhole, this.#held] = [left.decoder, left.isWhole, [left]];
      if (this.#isStopped) await left.decoder.stop();
      return;
    }
    if (from === undefined) return this.#start(undefined);
    for (const earlier of this.span.fromBeginning ? [] : EARLIER)
      if (await this.#beginsAt(from, seekCut(this.setting, from, earlier + (this.#needs > 0 ? this.#leadSeconds : 0)))) return;
    if (await this.#beginsAt(from, undefined)) return;
    const { source } = this.setting;
    throw new SrvidError(
      'SRVID_INPUT_DAMAGED',
      `The index of ${source.url} names a keyframe at ${ptsToSeconds(from, source.info.timeBase).toFixed(3)} s that does not decode to a frame of that time. Give --no-resume to process it in one piece.`,
    );
  }

  /** Reads the next frame into the memory that `slot` gives, and returns its pts; undefined at the end. */
  async next(slot: () => Uint8Array): Promise<number | undefined> {
    if (this.#isOver) return undefined;
    let bytes: Uint8Array = new Uint8Array();
    const memory = () => {
      bytes = slot();
      return bytes;
    };
    const held = this.#held.shift();
    if (held) memory().set(held.bytes);
    const pts = held ? held.pts : await (this.#decoder as Decoder).next(memory);
    if (pts === undefined || this.span.to === undefined || pts < this.span.to || this.#after++ < this.span.future) return pts;
    this.#end({ pts, bytes });
    return undefined;
  }

  /** Ends ffmpeg if it still runs, unless it stays for the next span. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#part();
    await Promise.all([this.#ending, this.#decoder?.stop(), this.#before?.letGo()]);
  }

  /** Ends the decoder at the end of the span, where nobody has taken it: it is not needed. */
  async letGo(): Promise<void> {
    this.#leaves = false;
    await this.#left?.decoder.stop();
    this.#left = undefined;
  }

  get #words(): Pick<Decoder, 'log' | 'otherShape' | 'hasLateCaptions'> | undefined {
    return this.#said ?? this.#decoder;
  }

  /** Ends the span, of which `next` is the first frame that is not part of it. */
  #end(next: HeldFrame): void {
    const decoder = this.#decoder as Decoder;
    const { log, otherShape, hasLateCaptions } = decoder;
    this.#isOver = true;
    this.#said = { log, otherShape, hasLateCaptions };
    // Whoever began in mid-stream and has complained since may lack what the next span needs, too.
    if (this.#leaves && (this.#isWhole || log.length === 0)) {
      decoder.forgetLog();
      this.#left = { pts: next.pts, bytes: next.bytes.slice(), decoder, isWhole: this.#isWhole };
      this.#decoder = undefined;
    } else this.#ending = decoder.stop();
    this.#part();
  }

  /** Waits for this span's end, and gives up the decoder that is left there. */
  async #taken(): Promise<Left | undefined> {
    await this.#parted;
    const left = this.#left;
    this.#left = undefined;
    return left;
  }

  async #start(cut: Cut | undefined): Promise<void> {
    await this.#decoder?.stop();
    if (this.#isStopped) throw new Error('SpanReader: it was stopped');
    this.#isWhole = cut === undefined;
    this.#decoder = this.setting.decode(cut);
    await this.#decoder.open();
  }

  /** Frames before the first one that must have been decoded for those that are read to be whole. */
  get #needs(): number {
    const { past } = this.span;
    const deinterlaces = this.setting.source.filters.some((filter) => filter.startsWith('bwdif'));
    return past > 0 || deinterlaces ? past + SPOILT : 0;
  }

  get #leadSeconds(): number {
    return (2 * this.#needs) / toNumber(this.setting.source.info.frameRate);
  }

  /** Decodes by a cut up to `from`. False where that frame does not come, or too few come before it. */
  async #beginsAt(from: number, cut: Cut | undefined): Promise<boolean> {
    const { source, range } = this.setting;
    const size = frameBytes(source.info.format);
    const least = isCut(range) ? 0 : Number.NEGATIVE_INFINITY;
    await this.#start(cut);
    this.#held = [];
    let [seen, reachedLeast] = [0, cut === undefined];
    for (;;) {
      const bytes = new Uint8Array(size);
      const pts = await (this.#decoder as Decoder).next(() => bytes);
      if (pts === undefined || pts > from) return false;
      if (pts < least) reachedLeast = true;
      else this.#held.push({ pts, bytes });
      if (pts === from) return reachedLeast || seen >= this.#needs;
      seen++;
      if (this.#held.length > this.span.past) this.#held.shift();
    }
  }
}

/** The reading that begins `earlier` seconds before a frame. Times stay those of a reading from the beginning. */
function seekCut({ source, range }: SpanSource, from: number, earlier: number): Cut {
  const { info, shiftSeconds, probe, video, filters } = source;
  const zero = zeroOf(source, range);
  const wanted = ptsToSeconds(from, info.timeBase) - shiftSeconds;
  const early = earlier === 0 && probe.formatName.includes('matroska') && Number(video['has_b_frames'] ?? 0) > 0 ? EARLY_SECONDS : 0;
  const seek = ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', (wanted + zero - earlier + early).toFixed(6)];
  // Frames before the wanted one need not come through the pipe where nobody asks for them.
  const trim = earlier === 0 && !filters.some((filter) => filter.startsWith('bwdif')) ? [`trim=start=${(wanted - ROUNDING_SECONDS).toFixed(6)}`] : [];
  return {
    inputOptions: ['-copyts', ...seek, ...(zero === 0 ? [] : ['-itsoffset', (-zero).toFixed(6)])],
    filters: trim,
    cutsBeginning: false,
    skipsSeconds: 0,
  };
}
