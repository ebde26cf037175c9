import { PROTOCOL_VERSION, type ServerMessage } from './protocol.js';
import type { Epoch } from './rendition.js';

/** How a viewer is spoken to. */
export interface Dialect {
  /** The text before an init segment, `index` from 0; undefined where this kind of client cannot take another one. */
  opening(epoch: Epoch, index: number): string | undefined;
  /** The text of a message, or undefined where this kind of client is not told. */
  text(message: ServerMessage): string | undefined;
}

/** The relay's own protocol. */
export function srvidDialect({ maySet }: { readonly maySet: boolean }): Dialect {
  return {
    opening: ({ about, init: { mime, width, height } }) => JSON.stringify({ type: 'hello', v: PROTOCOL_VERSION, ...about, mime, width, height, maySet }),
    text: (message) => JSON.stringify(message),
  };
}

/** go2rtc's: the stream's kind once, and nothing else. */
export const GO2RTC_DIALECT: Dialect = {
  opening: ({ init }, index) => (index === 0 ? JSON.stringify({ type: 'mse', value: init.mime }) : undefined),
  text: () => undefined,
};
