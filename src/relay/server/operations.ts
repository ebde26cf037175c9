import type { IncomingMessage } from 'node:http';
import type { RelayStream } from '../stream/stream.js';
import type { Gate } from './admission.js';
import { type Answer, jsonAnswer, metricsAnswer, refusal } from './answer.js';
import type { Connections } from './connection.js';
import { healthOf, metricsOf, type ServerCounts, statsOf } from './report.js';
import { sessionOf } from './sessions.js';
import type { Access } from './tokens.js';

/** What operators are told of, and what they may end. */
export interface Operated {
  readonly gate: Gate;
  readonly connections: Connections;
  readonly streams: readonly RelayStream[];
  readonly counts: () => ServerCounts;
}

const NO_SESSION = refusal(404, 'SRVID_REQUEST_INVALID', 'There is no such session; it may have ended.');
const WRONG_METHOD = refusal(405, 'SRVID_REQUEST_INVALID', 'Only GET and HEAD are answered here.', { Allow: 'GET, HEAD' });
const ONE_SESSION = /^\/sessions\/([0-9a-f]{16})$/;

/**
 * Answers /health, /stats, /metrics and /sessions. Of streams that the token may not view nothing is told.
 * @returns undefined for any other path
 */
export function operation({ method = '' }: IncomingMessage, path: string, access: Access | Answer, relay: Operated): Answer | undefined {
  const named = ONE_SESSION.exec(path)?.[1];
  if (named !== undefined && method === 'DELETE') return 'status' in access ? access : closeSession(named, access, relay);
  if (!['/health', '/stats', '/metrics', '/sessions'].includes(path)) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return WRONG_METHOD;
  if (path === '/health') return health(access, relay.streams);
  if ('status' in access) return access;
  const streams = relay.streams.filter(({ name }) => access.may('view', name));
  if (path === '/stats') return jsonAnswer(200, statsOf(streams, relay.counts()));
  if (path === '/metrics') return metricsAnswer(metricsOf(streams, relay.counts()));
  const denial = relay.gate.writeDenial(access);
  if (denial) return denial;
  const sessions = relay.connections.open.filter(({ info }) => access.may('write', info.stream));
  return jsonAnswer(200, { sessions: sessions.map(sessionOf) });
}

function health(access: Access | Answer, streams: readonly RelayStream[]): Answer {
  const { ok } = healthOf(streams);
  const told = 'status' in access ? { ok } : { ...healthOf(streams.filter(({ name }) => access.may('view', name))), ok };
  return jsonAnswer(ok ? 200 : 503, told);
}

function closeSession(id: string, access: Access, { gate, connections }: Operated): Answer {
  const session = connections.find(id);
  const denial = gate.writeDenial(access);
  if (denial) return denial;
  if (!session || !access.may('write', session.info.stream)) return NO_SESSION;
  session.close(1008, 'the operator closed it');
  return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
}
