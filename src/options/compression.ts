import * as z from 'zod';

/** An encoder of ffmpeg and its options, by name and value. */
export interface Compression {
  readonly name: string;
  readonly options: readonly (readonly [name: string, value: string])[];
}

interface Codec {
  readonly encoder: string;
  /** The encoder's option that takes the quality. */
  readonly option: string;
  readonly least: number;
  readonly most: number;
  readonly options: Compression['options'];
}

/** The codecs by which an evaluation may compress: their encoders in ffmpeg, the range of their quality, and further options. */
const CODECS: Readonly<Record<string, Codec>> = {
  x264: { encoder: 'libx264', option: 'crf', least: 0, most: 51, options: [['preset', 'medium']] },
  x265: {
    encoder: 'libx265',
    option: 'crf',
    least: 0,
    most: 51,
    options: [
      ['preset', 'medium'],
      ['x265-params', 'log-level=error'],
    ],
  },
  mpeg4: { encoder: 'mpeg4', option: 'q', least: 1, most: 31, options: [] },
};

/** A compression as text, "x264:28", made into an encoder and its options. The greater the number, the poorer the picture. */
export const compression = z.string().transform((given, context): Compression => {
  const [, name = '', digits = ''] = /^([a-z0-9]+):(\d{1,2})$/.exec(given) ?? [];
  const [codec, quality] = [Object.hasOwn(CODECS, name) ? CODECS[name] : undefined, Number(digits)];
  if (codec && quality >= codec.least && quality <= codec.most)
    return { name: codec.encoder, options: [...codec.options, [codec.option, String(quality)] as const] };
  const known = Object.entries(CODECS).map(([codec, { least, most }]) => `${codec}:N with N of ${least} to ${most}`);
  context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is not ${known.join(', or ')}, such as x264:28` });
  return z.NEVER;
});
