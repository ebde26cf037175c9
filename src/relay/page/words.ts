import type { Refusal } from '../../client/messages.js';

/** The words for a refusal. `asksToken`: another token may help. */
export interface RefusalWords {
  readonly title: string;
  readonly text: string;
  readonly asksToken: boolean;
}

const REFUSALS: Readonly<Record<string, RefusalWords>> = {
  SRVID_TOKEN_MISSING: { title: 'A token is needed', text: 'Whoever runs this relay can give you one.', asksToken: true },
  SRVID_TOKEN_UNKNOWN: { title: 'This token is not known here', text: 'Look whether it is complete.', asksToken: true },
  SRVID_NOT_PERMITTED: { title: 'This token does not open this stream', text: 'Another token may.', asksToken: true },
  SRVID_ORIGIN_REFUSED: {
    title: 'The relay is not open under this address',
    text: 'Open it under the address that it printed when it started.',
    asksToken: false,
  },
};

/** The words for a relay's refusal of the stream `name`. Never the relay's own text, which is for whoever runs it. */
export function refusalWords({ code, streams = [] }: Refusal, name: string): RefusalWords {
  if (code === 'SRVID_STREAM_UNKNOWN') {
    const text = streams.length > 0 ? 'These are there:' : 'There is none that you may watch.';
    return { title: `There is no stream “${name}”`, text, asksToken: streams.length === 0 };
  }
  return REFUSALS[code] ?? { title: 'The relay refused to connect', text: `Its reason: ${code}.`, asksToken: false };
}

const FAILURES: Readonly<Record<string, string>> = {
  SRVID_PLAYBACK_UNSUPPORTED: 'This browser cannot play H.264 video. Chrome, Edge, Firefox and Safari can.',
  SRVID_PLAYBACK_FAILED: 'The browser failed to play it several times in a row. Try again, or take another browser.',
  SRVID_STREAM_NOT_LIVE: 'The source is away, so nothing can be switched now.',
  SRVID_NOT_PERMITTED: 'This token may watch, and not switch.',
};

/** The words for an error's code. */
export function errorWords(code: string): string {
  return FAILURES[code] ?? `That failed (${code}).`;
}

const CLOSINGS: Readonly<Record<number, string>> = {
  1001: 'The relay is shutting down',
  1013: 'Your connection is too slow for this stream',
};

/** The words for the end of a connection that is made again. */
export function closingWords(code: number): string {
  return CLOSINGS[code] ?? 'The connection was lost';
}

/** The name of a level for people. */
export function networkName(level: string): string {
  return level === 'bypass' ? 'none' : level;
}

/** Formats a share of 0 to 1 as `42 %`. Only all is 100, and only nothing is 0. */
export function percentText(share: number): string {
  const percent = Math.round(share * 100);
  return `${share < 1 && percent === 100 ? 99 : share > 0 && percent === 0 ? 1 : percent} %`;
}

/** Formats seconds as `8.5 s`, `42 s` or `3 min 20 s`. */
export function secondsText(seconds: number): string {
  const tenths = Math.round(seconds * 10) / 10;
  if (tenths < 10) return `${tenths.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
