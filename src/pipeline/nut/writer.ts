import type { Writable } from 'node:stream';
import { SrvidError } from '../../errors.js';
import { formatRational, type Rational } from '../frames/time.js';
import { crc32, FILE_ID, FLAG, type NutStream, type PacketKind, START_CODES, STREAM_KINDS, signedVarint, uint32, varint } from './syntax.js';

const PTS_SHIFT = 7;
/** The frame codes in use, for keyframes and for others. Every field of a frame is written out, so that reading it needs no state. */
const KEY_CODE = 1;
const OTHER_CODE = 2;
const FRAME_FLAGS = FLAG.codedPts | FLAG.streamId | FLAG.sizeMsb | FLAG.checksum;

/** A payload for one stream. `data` stays the caller's, but must not change before the write is done. */
export interface NutPayload {
  readonly stream: number;
  readonly data: Uint8Array;
  /** It can be decoded by itself; true where not given, as for every raw frame. */
  readonly key?: boolean;
}

/**
 * Writes NUT to a pipe for any number of streams. A syncpoint goes before each packet: where one is further than 64 KiB
 * from the last syncpoint, ffmpeg's demuxer takes it for damaged and leaves it out.
 */
export class NutWriter {
  readonly #timeBases: Rational[] = [];
  readonly #baseOfStream: number[];

  constructor(
    private readonly sink: Writable,
    private readonly streams: readonly NutStream[],
  ) {
    this.#baseOfStream = streams.map(({ timeBase }) => this.#baseIndex(timeBase));
  }

  /** Writes the main and stream headers and the frame rates. To be called once, first. */
  async writeHeaders(): Promise<void> {
    const headers = this.streams.map((_, id) => packet('stream', this.#streamHeader(id)));
    const infos = this.streams.flatMap(({ video }, id) => (video?.frameRate ? [packet('info', frameRateInfo(id, video.frameRate))] : []));
    await this.#send([Buffer.concat([FILE_ID, packet('main', this.#mainHeader()), ...headers, ...infos])]);
  }

  /**
   * Writes all payloads of one pts in one write: either all of them reach the pipe in order, or the write fails. `pts`
   * is in ticks of the first payload's stream; every payload's stream must share that time base. Resolves when the pipe
   * has taken the bytes and they may be overwritten.
   * @throws SRVID_ENCODE_FAILED for a pts before 0
   */
  async write(pts: number, payloads: readonly NutPayload[]): Promise<void> {
    if (!(Number.isSafeInteger(pts) && pts >= 0))
      throw new SrvidError('SRVID_ENCODE_FAILED', `Tried to write a frame with pts ${pts}: NUT carries whole numbers from 0.`, { pts });
    const parts: Uint8Array[] = [];
    for (const { stream, data, key = true } of payloads) {
      parts.push(packet('syncpoint', this.#syncpoint(stream, pts)), frameHead(stream, pts, data.length, key), data);
    }
    await this.#send(parts);
  }

  /** Ends the pipe. */
  end(): void {
    this.sink.end();
  }

  #mainHeader(): number[] {
    const row = (flags: number, count: number) => [flags, 6].flatMap(varint).concat(signedVarint(0), [1, 0, 0, 0, count].flatMap(varint));
    return [
      ...[3, this.streams.length, 65536, this.#timeBases.length].flatMap(varint),
      ...this.#timeBases.flatMap(({ num, den }) => [...varint(num), ...varint(den)]),
      ...row(FLAG.invalid, KEY_CODE),
      ...row(FRAME_FLAGS | FLAG.key, 1),
      ...row(FRAME_FLAGS, 1),
      ...row(FLAG.invalid, 256 - OTHER_CODE - 2), // The code of "N" is invalid without being counted.
      ...varint(0),
    ];
  }

  #streamHeader(id: number): number[] {
    const stream = this.streams[id] as NutStream;
    const { timeBase, codecData = new Uint8Array(0), decodeDelay = 0, video, audio } = stream;
    const bytes = (data: Uint8Array) => [...varint(data.length), ...data];
    const ticksPerSecond = Math.max(1, Math.round(timeBase.den / timeBase.num));
    const fields = [
      ...[id, STREAM_KINDS.indexOf(stream.kind)].flatMap(varint),
      ...bytes(Buffer.from(stream.fourcc, 'latin1')),
      ...[this.#baseOfStream[id] as number, PTS_SHIFT, ticksPerSecond, decodeDelay, 0].flatMap(varint),
      ...bytes(codecData),
    ];
    if (video) fields.push(...[video.width, video.height, video.sampleAspect?.num ?? 0, video.sampleAspect?.den ?? 0, 0].flatMap(varint));
    if (audio) fields.push(...[audio.sampleRate.num, audio.sampleRate.den, audio.channels].flatMap(varint));
    return fields;
  }

  #syncpoint(stream: number, pts: number): number[] {
    return [...varint(pts * this.#timeBases.length + (this.#baseOfStream[stream] as number)), ...varint(0)];
  }

  #baseIndex(timeBase: Rational): number {
    const known = this.#timeBases.findIndex(({ num, den }) => num === timeBase.num && den === timeBase.den);
    return known >= 0 ? known : this.#timeBases.push(timeBase) - 1;
  }

  #send(parts: readonly Uint8Array[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const last = parts.length - 1;
      this.sink.cork();
      for (const [index, part] of parts.entries()) {
        if (index < last) this.sink.write(part);
        else this.sink.write(part, (error) => (error ? reject(error) : resolve()));
      }
      this.sink.uncork();
    });
  }
}

function packet(kind: PacketKind, body: readonly number[]): Buffer {
  const head = [...START_CODES[kind].flatMap(uint32), ...varint(body.length + 4)];
  const headChecksum = body.length + 4 > 4096 ? uint32(crc32(head)) : [];
  return Buffer.from([...head, ...headChecksum, ...body, ...uint32(crc32(body))]);
}

/**
 * An info packet with a stream's frame rate, under the name that ffmpeg's own muxer gives it. It has no chapter, no
 * time and one field.
 */
function frameRateInfo(stream: number, rate: Rational): number[] {
  const text = (value: string) => [...varint(value.length), ...Buffer.from(value, 'latin1')];
  const isText = signedVarint(-1);
  return [...[stream + 1, 0, 0, 0, 1].flatMap(varint), ...text('r_frame_rate'), ...isText, ...text(formatRational(rate, '/'))];
}

function frameHead(stream: number, pts: number, size: number, key: boolean): Buffer {
  const head = [key ? KEY_CODE : OTHER_CODE, ...varint(stream), ...varint(pts + 2 ** PTS_SHIFT), ...varint(size)];
  return Buffer.from([...head, ...uint32(crc32(head))]);
}
