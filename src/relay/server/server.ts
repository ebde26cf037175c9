import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, SrvidError } from '../../errors.js';
import { RELAY_DEFAULTS, type RelayLimits } from '../../options/limits.js';
import { type Clock, systemClock } from '../../pipeline/frames/clock.js';
import type { Rendition } from '../delivery/rendition.js';
import type { RelayStream } from '../stream/stream.js';
import { Gate } from './admission.js';
import { type Answer, type Asset, assetAnswer, jsonAnswer, metricsAnswer, refusal, refuseUpgrade, send } from './answer.js';
import { Connections, type UpgradeRequest } from './connection.js';
import { isLoopback, OriginPolicy } from './origin.js';
import { servePusher } from './pushing.js';
import { healthOf, metricsOf, type ServerCounts, statsOf } from './report.js';
import { type SocketRoute, socketRoute, urlOf } from './route.js';
import type { Scope, Tokens } from './tokens.js';
import { serveGo2rtcViewer, serveViewer } from './viewing.js';

/** Options of the HTTP and WebSocket server. */
export interface RelayServerOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  readonly streams: readonly RelayStream[];
  /** Known tokens. Without any, everybody who reaches the relay may view, and nobody may write. */
  readonly tokens?: Tokens | undefined;
  /** Origins of pages, besides the relay's own, that may connect. */
  readonly allowOrigins?: readonly string[];
  /** The files of the page, by URL path. Served to anyone, since they hold no secrets. */
  readonly assets?: ReadonlyMap<string, Asset>;
  readonly limits?: Partial<RelayLimits>;
  readonly clock?: Pick<Clock, 'now'>;
}

/** Milliseconds between two checks of all connections. */
const BEAT_MS = 1000;

const BAD_ADDRESS = refusal(400, 'This is not an address.');
const NOT_FOUND = refusal(404, 'There is nothing at this address.');
const NO_TOKENS = refusal(401, 'Raw frames are for those who have a token, and this relay was started without any.');
const NO_STREAM = refusal(404, 'There is no such stream.');
const WRONG_METHOD = refusal(405, 'Only GET and HEAD are answered.', { Allow: 'GET, HEAD' });
const PUSHED = refusal(409, 'Somebody pushes this stream already.');
const GOING = refusal(503, 'The relay is going away.');
const FULL = refusal(503, 'There are as many viewers as are allowed.', { 'Retry-After': '30' });

/** Serves streams to viewers and accepts them from pushers, over HTTP and WebSocket. docs/relay.md describes the protocol. */
export class RelayServer {
  readonly #options: RelayServerOptions;
  readonly #limits: RelayLimits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #gate: Gate;
  readonly #connections: Connections;
  readonly #http: Server;
  readonly #streams: ReadonlyMap<string, RelayStream>;
  /** A function for each viewer, called once a second. */
  readonly #viewers = new Set<() => void>();
  /** Names of the streams that are being pushed. */
  readonly #pushed = new Set<string>();
  #startedAt = 0;
  #beat: NodeJS.Timeout | undefined;

  /**
   * Checks the options; opens nothing yet.
   * @throws SRVID_LISTEN_REFUSED if other machines could reach the relay without a token
   * @throws SRVID_ORIGIN_INVALID
   */
  constructor(options: RelayServerOptions) {
    const { host, tokens, allowOrigins = [], clock = systemClock, streams } = options;
    if (!tokens && !isLoopback(host)) throw unprotected(host);
    this.#options = options;
    this.#limits = { ...RELAY_DEFAULTS, ...options.limits };
    this.#clock = clock;
    this.#streams = new Map(streams.map((stream) => [stream.name, stream]));
    this.#gate = new Gate({ tokens, clock, limits: this.#limits, origins: new OriginPolicy({ allowed: allowOrigins, loopbackOnly: !tokens }) });
    this.#connections = new Connections(this.#limits, clock);
    this.#http = this.#createHttp();
  }

  /** Starts to listen. Resolves when requests are answered. @throws SRVID_LISTEN_FAILED */
  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    await once(this.#http.listen(port, host), 'listening').catch((error: unknown) => {
      throw new SrvidError(
        'SRVID_LISTEN_FAILED',
        `Tried to listen at ${host}:${port}, but: ${messageOf(error)}. Choose another with --listen HOST:PORT.`,
        { host, port },
        error,
      );
    });
    this.#startedAt = this.#clock.now();
    this.#beat = setInterval(() => {
      this.#connections.beat(this.#limits);
      for (const check of this.#viewers) check();
    }, BEAT_MS);
    const address = this.#http.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  /** Closes all connections and the server. Connections that do not answer are destroyed after `closeMs`. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    const closed = once(this.#http, 'close');
    this.#http.close();
    const impatience = setTimeout(() => this.#http.closeAllConnections(), this.#limits.closeMs);
    await Promise.all([closed, this.#connections.closeAll(1001, 'the relay is going away')]);
    clearTimeout(impatience);
    clearInterval(this.#beat);
  }

  #createHttp(): Server {
    const { handshakeMs, silentMs, maxViewers, maxOtherConnections } = this.#limits;
    const http = createServer({
      headersTimeout: handshakeMs,
      requestTimeout: handshakeMs,
      keepAliveTimeout: handshakeMs,
      connectionsCheckingInterval: Math.min(BEAT_MS, handshakeMs),
    });
    http.timeout = silentMs;
    http.maxConnections = maxViewers + maxOtherConnections + this.#streams.size;
    http.on('error', () => {}); // Of one connection that could not be taken, for want of descriptors; `listen` tells its own.
    http.on('request', (request, response) => {
      const answer = this.#answer(request);
      if (answer.status >= 400 && answer.status < 500) this.#gate.count(answer);
      send(response, answer);
    });
    http.on('upgrade', (request, socket, head) => {
      socket.on('error', () => {}); // A client that left needs no answer.
      const refused = this.#upgrade({ request, socket, head });
      if (!refused) return;
      this.#gate.count(refused);
      refuseUpgrade(socket, refused);
    });
    return http;
  }

  #answer(request: IncomingMessage): Answer {
    const url = urlOf(request);
    // The page is some thirty files. They are exempt from the rate limit, or a few reloads would use it up.
    const asset = this.#options.assets?.get(url?.pathname ?? '');
    if (asset && request.method === 'GET') return assetAnswer(asset);
    const objection = this.#gate.objection(request);
    if (objection) return objection;
    if (!url) return BAD_ADDRESS;
    if (request.method !== 'GET' && request.method !== 'HEAD') return WRONG_METHOD;
    if (asset) return assetAnswer(asset);
    const scope = this.#gate.scopeOf(request, url);
    const streams = [...this.#streams.values()];
    if (url.pathname === '/health') {
      const health = healthOf(streams);
      return jsonAnswer(health.ok ? 200 : 503, scope ? health : { ok: health.ok });
    }
    const denial = this.#gate.denial(scope, 'view');
    if (denial) return denial;
    if (url.pathname === '/stats') return jsonAnswer(200, statsOf(streams, this.#counts()));
    if (url.pathname === '/metrics') return metricsAnswer(metricsOf(streams, this.#counts()));
    return NOT_FOUND;
  }

  /** Accepts a WebSocket, or returns the reason to refuse it. Everything is checked before the handshake. */
  #upgrade(upgrade: UpgradeRequest): Answer | undefined {
    if (!this.#http.listening) return GOING;
    const { request } = upgrade;
    const url = urlOf(request);
    const objection = this.#gate.objection(request);
    if (objection) return objection;
    if (!url) return BAD_ADDRESS;
    const route = socketRoute(url);
    const scope = this.#gate.scopeOf(request, url);
    const denial = this.#gate.denial(scope, route?.kind === 'ingest' ? 'write' : 'view');
    if (denial) return denial;
    if (route?.kind === 'live' && route.rendition === 'raw' && !this.#options.tokens) return NO_TOKENS;
    const stream = this.#streams.get(route?.name ?? '');
    if (!route || !stream) return NO_STREAM;
    if (route.kind === 'ingest') return this.#openPusher(upgrade, stream);
    const rendition = stream.rendition(route.rendition);
    if (!rendition) return NO_STREAM;
    return this.#openViewer(upgrade, { kind: route.kind, stream, rendition, scope });
  }

  #openViewer(upgrade: UpgradeRequest, { kind, stream, rendition, scope }: Watched): Answer | undefined {
    if (this.#viewers.size >= this.#limits.maxViewers) return FULL;
    const serve = kind === 'live' ? serveViewer : serveGo2rtcViewer;
    this.#connections.accept('viewer', upgrade, (connection) => {
      const onClose = () => this.#viewers.delete(check);
      const check = serve({ connection, stream, rendition, maySet: scope === 'write', limits: this.#limits, clock: this.#clock, onClose });
      this.#viewers.add(check);
    });
    return undefined;
  }

  #openPusher(upgrade: UpgradeRequest, stream: RelayStream): Answer | undefined {
    if (this.#pushed.has(stream.name)) return PUSHED;
    this.#connections.accept('pusher', upgrade, (connection) => {
      this.#pushed.add(stream.name);
      servePusher({ connection, stream, limits: this.#limits, onClose: () => this.#pushed.delete(stream.name) });
    });
    return undefined;
  }

  #counts(): ServerCounts {
    return {
      connections: this.#connections.size,
      viewers: this.#viewers.size,
      refusals: this.#gate.refusals,
      uptimeSeconds: (this.#clock.now() - this.#startedAt) / 1000,
    };
  }
}

interface Watched {
  readonly kind: Exclude<SocketRoute['kind'], 'ingest'>;
  readonly stream: RelayStream;
  readonly rendition: Rendition;
  readonly scope: Scope | undefined;
}

function unprotected(host: string): SrvidError {
  return new SrvidError(
    'SRVID_LISTEN_REFUSED',
    `Tried to listen at ${host}, where other machines reach the relay, without tokens. Give --token-file, or listen at 127.0.0.1.`,
    { host },
  );
}
