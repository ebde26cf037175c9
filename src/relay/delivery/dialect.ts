import { PROTOCOL_VERSION, type ServerMessage } from './protocol.js';
import type { Epoch } from './rendition.js';

/** The text messages of one WebSocket protocol. The binary messages are the same in every dialect. */
export interface Dialect {
  /**
   * The text sent before an init segment. `index` counts a viewer's init segments from 0. Undefined if this protocol
   * allows one init segment only.
   */
  opening(epoch: Epoch, index: number): string | undefined;
  /** The text of a message, or undefined if this protocol has no such message. */
  text(message: ServerMessage): string | undefined;
}

/** The relay's own protocol, as docs/relay.md describes it. `maySet`: this viewer's token may switch preset and level. */
export function srvidDialect({ maySet }: { readonly maySet: boolean }): Dialect {
  return {
    opening: ({ about, init: { mime, width, height } }) => JSON.stringify({ type: 'hello', v: PROTOCOL_VERSION, ...about, mime, width, height, maySet }),
    text: (message) => JSON.stringify(message),
  };
}

/** go2rtc's protocol: one text message with the MIME type, and no other. */
export const GO2RTC_DIALECT: Dialect = {
  opening: ({ init }, index) => (index === 0 ? JSON.stringify({ type: 'mse', value: init.mime }) : undefined),
  text: () => undefined,
};
