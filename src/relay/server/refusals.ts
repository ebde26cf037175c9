import { type Answer, refusal } from './answer.js';

/** The request line holds no path. */
export const BAD_ADDRESS = refusal(400, 'SRVID_REQUEST_INVALID', 'This is not an address.');
/** No such path. */
export const NOT_FOUND = refusal(404, 'SRVID_REQUEST_INVALID', 'There is nothing at this address.');
/** Raw frames of a relay without tokens. */
export const NO_TOKENS = refusal(401, 'SRVID_TOKEN_MISSING', 'Raw frames are for those who have a token, and this relay was started without any.');
/** Neither GET nor HEAD. */
export const WRONG_METHOD = refusal(405, 'SRVID_REQUEST_INVALID', 'Only GET and HEAD are answered.', { Allow: 'GET, HEAD' });
/** A second pusher of a stream. */
export const PUSHED = refusal(409, 'SRVID_INGEST_REFUSED', 'Somebody pushes this stream already.');
/** A request without a handshake, at an address whose handshake would be let in. */
export const UPGRADE = refusal(426, 'SRVID_REQUEST_INVALID', 'This is the address of a WebSocket.', { Upgrade: 'websocket', Connection: 'Upgrade, close' });
/** A handshake while the relay closes. */
export const GOING = refusal(503, 'SRVID_RELAY_BUSY', 'The relay is going away.');
/** No place for one more viewer. */
export const FULL = refusal(503, 'SRVID_RELAY_BUSY', 'There are as many viewers as are allowed.', { 'Retry-After': '30' });
/** No place for one more viewer of this address. */
export const CROWDED = refusal(429, 'SRVID_RELAY_BUSY', 'There are as many viewers of this address as are allowed.', { 'Retry-After': '30' });

/** The answer to bytes that are no request: too long a head, one that never ended, or anything else. */
export function malformed(code: string | undefined): Answer {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'SRVID_REQUEST_INVALID', 'The head of the request is too long.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'SRVID_REQUEST_INVALID', 'The request did not come to its end.');
  return refusal(400, 'SRVID_REQUEST_INVALID', 'This is not a request of HTTP.');
}
