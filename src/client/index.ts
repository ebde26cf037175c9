export { type CloseEvent, type ConnectOptions, connect, RelayClient, type RelayClientEvents } from './client.js';
export type { WebSocketConstructor, WebSocketLike } from './connection.js';
export * from './messages.js';
export type { Track } from './mp4.js';
export type { Fragment, InitSegment } from './segments.js';
