import type { Refusal } from './messages.js';

/** The answer of a relay that refused a WebSocket. `final`: another try would be answered the same. */
export interface Refused extends Refusal {
  readonly status: number;
  readonly final: boolean;
}

/** Milliseconds that the question may take. */
const PATIENCE_MS = 5_000;
/** No token or a wrong one, no permission, no such stream. */
const FINAL_STATUSES: readonly number[] = [401, 403, 404];

/**
 * Asks by HTTP why a WebSocket was refused, since a WebSocket does not say. The relay answers GET at the same address as
 * it answers the handshake.
 * @returns undefined if there is no such answer: the relay is away, or would let the WebSocket in now
 */
export async function askWhy(address: URL): Promise<Refused | undefined> {
  const url = new URL(address);
  url.protocol = url.protocol.replace(/^ws/, 'http');
  try {
    const answer = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
    const { status, statusText } = answer;
    const final = FINAL_STATUSES.includes(status);
    const told = readRefusal(await answer.json().catch(() => undefined));
    if (final) return { ...(told ?? unexplained(status, statusText)), status, final };
    return told?.code === 'SRVID_RELAY_BUSY' ? { ...told, status, final } : undefined;
  } catch {
    return undefined;
  }
}

/** A proxy may answer in place of the relay. */
function unexplained(status: number, statusText: string): Refusal {
  return { code: 'SRVID_REQUEST_INVALID', message: `The server answered ${`${status} ${statusText}`.trim()}.` };
}

function readRefusal(body: unknown): Refusal | undefined {
  const { code, message, streams } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  return { code, message, ...(Array.isArray(streams) && { streams: streams.filter((name) => typeof name === 'string') }) };
}
