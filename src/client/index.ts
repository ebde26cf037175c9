export { type ConnectOptions, connect, RelayClient } from './client.js';
export type { CloseEvent, RelayClientEvents } from './client-events.js';
export type { WebSocketConstructor, WebSocketLike } from './connection.js';
export * from './messages.js';
export type { Track } from './mp4.js';
export type { Refused } from './refusal.js';
export type { Fragment, InitSegment } from './segments.js';
