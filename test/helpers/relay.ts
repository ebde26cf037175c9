import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import type { SrvidError } from '../../dist/errors.js';
import type { ServerMessage } from '../../dist/relay/delivery/protocol.js';
import { type About, Rendition, type RenditionName } from '../../dist/relay/delivery/rendition.js';
import { FragmentSplitter, type Piece } from '../../dist/relay/fmp4/splitter.js';
import { RelayServer } from '../../dist/relay/server/server.js';
import type { RelayServerOptions } from '../../dist/relay/server/server-options.js';
import type { RelayStream, StreamState, StreamStatus } from '../../dist/relay/stream/stream.js';
import { FFMPEG } from './programs.js';

export const ABOUT: About = {
  stream: 'main',
  rendition: 'sr',
  epoch: 0,
  fps: 25,
  renditions: ['sr', 'source'],
  source: { width: 160, height: 120 },
  preset: 'fast',
  presets: ['fast', 'live-1080p'],
  levels: ['abpn', 'bypass'],
  networks: ['abpn'],
  budgetMs: 100,
};

/** Things that are given back after each test: servers, sockets, ffmpegs. */
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
export const afterwards = (step: () => unknown) => undo.push(step);

export interface LivePicture {
  readonly size?: string;
  readonly fps?: number;
  /** Frames from one keyframe to the next. */
  readonly gop?: number;
  /** Kilobits a second, reached by noise. */
  readonly kilobits?: number;
  readonly seconds?: number;
  /** At its own rate, as a live source comes; else as fast as it goes. */
  readonly live?: boolean;
}

/** Arguments of an ffmpeg that writes a moving picture with sound as fragmented MP4 to `output`. */
export function pictureArgs(picture: LivePicture, output = 'pipe:1'): string[] {
  const { size = '160x120', fps = 25, gop = 10, kilobits = 400, seconds = 3, live = false } = picture;
  const pace = live ? ['-re'] : [];
  return [
    ...['-nostdin', '-v', 'error', '-y'],
    ...[...pace, '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${fps}:duration=${seconds},noise=alls=60:allf=t`],
    ...[...pace, '-f', 'lavfi', '-i', `sine=duration=${seconds}`],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-threads', '1', '-g', `${gop}`, '-sc_threshold', '0'],
    ...['-b:v', `${kilobits}k`, '-maxrate', `${kilobits}k`, '-minrate', `${kilobits}k`, '-bufsize', `${kilobits / 2}k`, '-c:a', 'aac'],
    ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof', '-flush_packets', '1', '-f', 'mp4', output],
  ];
}

/** A stream that shows what it is given: the engine's place in these tests. */
export class PlainStream implements RelayStream {
  readonly name: string;
  state: StreamState = 'live';
  readonly renditions = { sr: new Rendition(), source: new Rendition() };
  watching = 0;
  readonly changes: unknown[] = [];
  /** The error that `set` and `ingest` throw. */
  refusal: SrvidError | undefined;
  onIngest: ((bytes: Readable) => Promise<void>) | undefined;
  #epoch = -1;

  constructor(name = 'main') {
    this.name = name;
  }

  rendition(name: RenditionName): Rendition {
    return this.renditions[name];
  }

  watch(): () => void {
    this.watching++;
    return () => {
      this.watching--;
    };
  }

  async set(change: object): Promise<void> {
    if (this.refusal) throw this.refusal;
    this.changes.push(change);
  }

  async ingest(bytes: Readable): Promise<void> {
    if (this.refusal) throw this.refusal;
    await this.onIngest?.(bytes);
  }

  status(): StreamStatus {
    return { epoch: Math.max(0, this.#epoch), preset: 'fast', source: 'testsrc2' };
  }

  /** Gives both renditions a piece of a splitter. */
  take(piece: Piece): void {
    if (piece.kind === 'init') this.#epoch++;
    for (const [rendition, hub] of Object.entries(this.renditions) as [RenditionName, Rendition][]) {
      if (piece.kind === 'fragment') hub.push(piece);
      else hub.begin(piece, { ...ABOUT, stream: this.name, rendition, epoch: this.#epoch });
    }
  }
}

export interface Encoding {
  readonly pieces: Piece[];
  readonly ended: Promise<void>;
  readonly child: ChildProcess;
}

/** A real encoder into a stream, until it ends. `pieces` holds what came so far. */
export function encodeInto(stream: PlainStream, picture: LivePicture, onPiece: (piece: Piece) => void = () => {}): Encoding {
  const child = spawn(FFMPEG, pictureArgs(picture), { stdio: ['ignore', 'pipe', 'inherit'] });
  afterwards(() => child.kill('SIGKILL'));
  const splitter = new FragmentSplitter();
  const pieces: Piece[] = [];
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const piece of splitter.push(chunk)) {
      pieces.push(piece);
      onPiece(piece);
      stream.take(piece);
    }
  });
  return { pieces, child, ended: new Promise((resolve) => child.once('close', () => resolve())) };
}

export interface Relay {
  readonly server: RelayServer;
  readonly stream: PlainStream;
  readonly port: number;
  /** "ws://127.0.0.1:PORT". */
  readonly url: string;
  readonly http: string;
}

/** A relay on a port of its own, with one stream "main" unless others are given. */
export async function startRelay(options: Partial<RelayServerOptions> = {}, stream = new PlainStream()): Promise<Relay> {
  const server = new RelayServer({ host: '127.0.0.1', port: 0, streams: [stream], ...options });
  const { port } = await server.listen();
  afterwards(() => server.close());
  return { server, stream, port, url: `ws://127.0.0.1:${port}`, http: `http://127.0.0.1:${port}` };
}

export interface ClientOptions {
  readonly protocol?: string;
  readonly headers?: Record<string, string>;
  readonly keep?: boolean;
}

/** A client that keeps what it gets, in order, unless told otherwise. */
export class Client {
  readonly socket: WebSocket;
  readonly received: (ServerMessage | Buffer)[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #wake: (() => void)[] = [];

  constructor(url: string, { protocol, headers, keep = true }: ClientOptions = {}) {
    this.socket = new WebSocket(url, protocol ?? [], { headers: headers ?? {} });
    afterwards(() => this.socket.terminate());
    this.socket.on('message', (data, isBinary) => {
      if (keep) this.received.push(isBinary ? (data as Buffer) : (JSON.parse(data.toString()) as ServerMessage));
      this.#notify();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#notify();
      });
    });
  }

  get texts(): ServerMessage[] {
    return this.received.filter((message): message is ServerMessage => !Buffer.isBuffer(message));
  }

  get binaries(): Buffer[] {
    return this.received.filter((message) => Buffer.isBuffer(message));
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Resolves when `condition` holds; the test's own time limit ends the waiting. */
  async until(condition: (client: this) => boolean): Promise<this> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this;
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** Looks again and again until `condition` holds; fails after `seconds`, which is generous. */
export async function eventually(condition: () => boolean, seconds = 30): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !condition(); ) {
    if (Date.now() > end) throw new Error(`Waited ${seconds} s in vain for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The HTTP status that a WebSocket's request was refused with. */
export function refusalOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode ?? 0);
      request.destroy();
    });
    socket.once('open', () => {
      socket.terminate();
      reject(new Error(`${url} was let in`));
    });
    socket.on('error', reject);
  });
}
