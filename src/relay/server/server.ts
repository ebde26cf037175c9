import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf, SrvidError } from '../../errors.js';
import { RELAY_DEFAULTS, type RelayLimits } from '../../options/limits.js';
import { type Clock, systemClock } from '../../pipeline/frames/clock.js';
import type { Rendition } from '../delivery/rendition.js';
import type { RelayStream } from '../stream/stream.js';
import { asked, logged } from './access-log.js';
import { Gate } from './admission.js';
import { type Answer, refusal, send } from './answer.js';
import { Assets } from './assets.js';
import { Connections, type UpgradeRequest } from './connection.js';
import { type HttpHandlers, HttpServer } from './http-server.js';
import { MountedHttp } from './mounted-http.js';
import { operation } from './operations.js';
import { OriginPolicy } from './origin.js';
import { Places } from './places.js';
import { servePusher } from './pushing.js';
import { BAD_ADDRESS, CROWDED, FULL, GOING, NO_TOKENS, NOT_FOUND, PUSHED, UPGRADE, WRONG_METHOD } from './refusals.js';
import { healthOf, type ServerCounts, statsOf } from './report.js';
import { isSocketPath, type SocketRoute, socketRoute, urlOf } from './route.js';
import { assertProtected, type RelayServerOptions } from './server-options.js';
import type { Access, Tokens } from './tokens.js';
import { serveGo2rtcViewer, serveViewer } from './viewing.js';

/** Milliseconds between two checks of all connections. */
const BEAT_MS = 1000;

/** Serves streams to viewers and accepts them from pushers, over HTTP and WebSocket. docs/relay.md describes the protocol. */
export class RelayServer {
  readonly #options: RelayServerOptions;
  readonly #limits: RelayLimits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #gate: Gate;
  readonly #connections: Connections;
  readonly #http: HttpServer | MountedHttp;
  readonly #streams: ReadonlyMap<string, RelayStream>;
  readonly #assets: Assets;
  /** The places of viewers. */
  readonly #seats: Places;
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
    const { tokens, allowOrigins = [], clock = systemClock, streams, assets = new Map(), mount } = options;
    assertProtected(options);
    this.#options = options;
    this.#limits = { ...RELAY_DEFAULTS, ...options.limits };
    this.#clock = clock;
    this.#streams = new Map(streams.map((stream) => [stream.name, stream]));
    this.#assets = new Assets(assets);
    this.#seats = new Places({ total: this.#limits.maxViewers, perAddress: this.#limits.maxViewersPerAddress });
    this.#gate = new Gate({
      tokens,
      clock,
      limits: this.#limits,
      origins: new OriginPolicy({ allowed: allowOrigins, loopbackOnly: !tokens && !mount?.trusted }),
    });
    this.#connections = new Connections(this.#limits, clock, (connection, code) => this.#log({ event: 'close', ...logged(connection), code }));
    const handlers: HttpHandlers = {
      request: (request, response) => this.#respond(request, response),
      upgrade: (upgrade) => this.#refuseUpgrade(upgrade),
      crowded: () => this.#gate.count(CROWDED),
    };
    this.#http = mount ? new MountedHttp(mount.path, handlers) : new HttpServer(this.#limits, handlers);
  }

  /** The relay's place in another server; undefined where it has its own. */
  get mounted(): MountedHttp | undefined {
    return this.#http instanceof MountedHttp ? this.#http : undefined;
  }

  /** The body of /stats, with all streams. */
  stats(): Record<string, unknown> {
    return statsOf([...this.#streams.values()], this.#counts());
  }

  /** The body of /health, with all streams. */
  health(): ReturnType<typeof healthOf> {
    return healthOf([...this.#streams.values()]);
  }

  /** Takes other tokens from now on. Who is there by a token that is no longer known, or may less than before, is closed. */
  useTokens(tokens: Tokens): void {
    this.#gate.useTokens(tokens);
    for (const connection of this.#connections.open) {
      const { kind, stream, access } = connection.info;
      const now = tokens.renewed(access);
      if (!now?.may(kind === 'pusher' ? 'write' : 'view', stream)) connection.close(1008, 'its token was withdrawn');
      else if (now.may('write', stream) !== access.may('write', stream)) connection.close(1012, 'what its token allows has changed');
    }
  }

  /** Starts to listen. Resolves when requests are answered. @throws SRVID_LISTEN_FAILED */
  async listen(): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.#options;
    if (this.#http instanceof MountedHttp) this.#http.open();
    else await this.#listen(this.#http);
    this.#startedAt = this.#clock.now();
    this.#beat = setInterval(() => {
      this.#connections.beat();
      for (const check of this.#viewers) check();
    }, BEAT_MS);
    if (this.#http instanceof MountedHttp) return { host, port };
    const { address, port: actual } = this.#http.address;
    return { host: address, port: actual };
  }

  async #listen(http: HttpServer): Promise<void> {
    const { host, port } = this.#options;
    await http.listen(port, host).catch((error: unknown) => {
      throw new SrvidError(
        'SRVID_LISTEN_FAILED',
        `Tried to listen at ${host}:${port}, but: ${messageOf(error)}. Choose another with --listen HOST:PORT.`,
        { host, port },
        error,
      );
    });
  }

  /** Closes all connections and the server. Connections that do not answer are destroyed after `closeMs`. */
  async close(): Promise<void> {
    if (!this.#http.listening) return;
    await Promise.all([this.#http.close(this.#limits.closeMs), this.#connections.closeAll(1001, 'the relay is going away')]);
    clearInterval(this.#beat);
  }

  #refuseUpgrade(upgrade: UpgradeRequest): Answer | undefined {
    const refused = this.#upgrade(upgrade);
    if (!refused) return undefined;
    this.#gate.count(refused);
    this.#log({ event: 'request', ...asked(upgrade.request), status: refused.status });
    return refused;
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const answer = this.#answer(request);
    if (answer.status >= 400 && answer.status !== 426) this.#gate.count(answer);
    const cors = this.#gate.sharing(request.headers);
    response.once('finish', () => this.#log({ event: 'request', ...asked(request), status: answer.status, bytes: Buffer.byteLength(answer.body) }));
    send(response, { ...answer, headers: { ...answer.headers, ...cors } });
  }

  #answer(request: IncomingMessage): Answer {
    const { method = '', headers } = request;
    const url = urlOf(request);
    const asset = this.#assets.answer(url?.pathname ?? '', headers);
    // The page is some thirty files. They are exempt from the rate limit, or a few reloads would use it up.
    if (asset && method === 'GET') return asset;
    const objection = this.#gate.objection(request);
    if (objection) return objection;
    if (!url) return BAD_ADDRESS;
    if (asset && method === 'HEAD') return asset;
    const access = this.#gate.accessOf(request, url);
    const relay = { gate: this.#gate, connections: this.#connections, streams: [...this.#streams.values()], counts: () => this.#counts() };
    const operated = operation(request, url.pathname, access, relay);
    if (operated) return operated;
    if (method !== 'GET' && method !== 'HEAD') return WRONG_METHOD;
    if ('status' in access) return access;
    if (!isSocketPath(url)) return NOT_FOUND;
    const admitted = this.#admit(url, access);
    if ('status' in admitted) return admitted;
    return (admitted.route.kind === 'ingest' ? undefined : this.#lackOfSeat(request)) ?? UPGRADE;
  }

  /** Accepts a WebSocket, or returns the reason to refuse it. Everything is checked before the handshake. */
  #upgrade(upgrade: UpgradeRequest): Answer | undefined {
    if (!this.#http.listening) return GOING;
    const { request } = upgrade;
    const url = urlOf(request);
    const objection = this.#gate.objection(request);
    if (objection) return objection;
    if (!url) return BAD_ADDRESS;
    if (request.method !== 'GET') return WRONG_METHOD;
    const access = this.#gate.accessOf(request, url);
    if ('status' in access) return access;
    if (!isSocketPath(url)) return NOT_FOUND;
    const admitted = this.#admit(url, access);
    if ('status' in admitted) return admitted;
    return admitted.route.kind === 'ingest' ? this.#openPusher(upgrade, admitted) : this.#openViewer(upgrade, admitted);
  }

  /** The stream that a WebSocket's address leads to, or the reason why it may not be had. */
  #admit(url: URL, access: Access): Admitted | Answer {
    const route = socketRoute(url);
    const stream = this.#streams.get(route?.name ?? '');
    if (!route || !stream || !access.may('view', stream.name)) return this.#noStream(access);
    if (route.kind === 'ingest') return this.#gate.writeDenial(access, stream.name) ?? (this.#pushed.has(stream.name) ? PUSHED : { route, stream, access });
    if (route.rendition === 'raw' && !this.#options.tokens) return NO_TOKENS;
    return stream.rendition(route.rendition) ? { route, stream, access } : this.#noStream(access);
  }

  #noStream(access: Access): Answer {
    const streams = [...this.#streams.keys()].filter((name) => access.may('view', name));
    return refusal(404, 'SRVID_STREAM_UNKNOWN', 'There is no such stream, or none that this token may view.', { streams });
  }

  #lackOfSeat({ socket }: IncomingMessage): Answer | undefined {
    const lack = this.#seats.lackFor(socket.remoteAddress ?? '');
    return lack === 'all' ? FULL : lack && CROWDED;
  }

  #openViewer(upgrade: UpgradeRequest, { route, stream, access }: Admitted): Answer | undefined {
    const { kind, rendition: name } = route as Exclude<SocketRoute, { kind: 'ingest' }>;
    const lack = this.#lackOfSeat(upgrade.request);
    if (lack) return lack;
    const address = upgrade.request.socket.remoteAddress ?? '';
    const rendition = stream.rendition(name) as Rendition;
    this.#connections.accept(
      { kind: 'viewer', protocol: kind === 'live' ? 'srvid' : 'go2rtc', stream: stream.name, rendition: name, address, access },
      upgrade,
      (connection) => {
        let leaveSeat: (() => void) | undefined;
        const enter = () => {
          leaveSeat = this.#seats.take(address);
          if (leaveSeat) this.#http.leavePlace(upgrade.socket);
          return leaveSeat !== undefined;
        };
        const onClose = () => {
          this.#viewers.delete(check);
          leaveSeat?.();
        };
        const serve = kind === 'live' ? serveViewer : serveGo2rtcViewer;
        if (kind === 'live') enter();
        const check = serve({
          connection,
          stream,
          rendition,
          maySet: access.may('write', stream.name),
          limits: this.#limits,
          clock: this.#clock,
          enter,
          onClose,
        });
        this.#viewers.add(check);
        this.#log({ event: 'open', ...logged(connection) });
      },
    );
    return undefined;
  }

  #openPusher(upgrade: UpgradeRequest, { stream, access }: Admitted): undefined {
    const address = upgrade.request.socket.remoteAddress ?? '';
    this.#connections.accept({ kind: 'pusher', protocol: 'srvid', stream: stream.name, address, access }, upgrade, (connection) => {
      this.#http.leavePlace(upgrade.socket);
      this.#pushed.add(stream.name);
      servePusher({ connection, stream, limits: this.#limits, onClose: () => this.#pushed.delete(stream.name) });
      this.#log({ event: 'open', ...logged(connection) });
    });
  }

  #log(entry: Readonly<Record<string, unknown>>): void {
    this.#options.log?.(entry);
  }

  #counts(): ServerCounts {
    return {
      connections: this.#connections.size,
      viewers: this.#seats.count,
      silent: this.#connections.silent,
      refusals: this.#gate.refusals,
      uptimeSeconds: (this.#clock.now() - this.#startedAt) / 1000,
    };
  }
}

interface Admitted {
  readonly route: SocketRoute;
  readonly stream: RelayStream;
  readonly access: Access;
}
