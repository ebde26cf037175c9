import type { Decoder } from './decode.js';

/** The side of a source that gives frames: an ffmpeg that decodes, or a program that makes them itself. */
export type SourceReader = Pick<Decoder, 'open' | 'next' | 'stop' | 'forwarded' | 'forwardTo' | 'frames' | 'log' | 'otherShape' | 'hasLateCaptions' | 'waits'>;
