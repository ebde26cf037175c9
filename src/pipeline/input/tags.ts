import type { ProbedStream } from '../ffmpeg/probe.js';

/** The value of a stream's tag. Matroska writes names in capitals, MP4 in small letters; both are the same tag. */
export function tagOf({ tags = {} }: Pick<ProbedStream, 'tags'>, name: string): string | undefined {
  return Object.entries(tags).find(([given]) => given.toLowerCase() === name)?.[1];
}
