import type { Preset } from './preset.js';
import type { OutputOptions } from './session.js';

/** An encoder by ffmpeg's name, and its options in order. */
export interface EncoderChoice {
  readonly name: string;
  readonly options: readonly (readonly [name: string, value: string])[];
}

/** Encoder settings where neither preset nor caller has any. */
const DEFAULT_ENCODER = { name: 'libx264', crf: 18, options: { preset: 'veryfast' } } as const;

/** Encoders for containers that cannot hold what presets encode to, by muxer or kind of picture; used where the caller names none. */
const CONTAINER_ENCODERS: Readonly<Record<string, NonNullable<Preset['encoder']>>> = {
  webm: { name: 'libvpx-vp9', crf: 24, options: { b: '0', deadline: 'good', 'cpu-used': '4', 'row-mt': '1' } },
  png: { name: 'png', options: {} },
  // JPEG's best but for the last two steps, which double the size for nothing that is seen.
  jpeg: { name: 'mjpeg', options: { q: '2' } },
  gif: { name: 'gif', options: {} },
  yuv4mpegpipe: { name: 'wrapped_avframe', options: {} },
};

/** The encoder of a run into a container, by its muxer or kind of picture: the caller's words go before the preset's, and those before the default. A preset's options belong to its own encoder. */
export function encoderSettings(options: OutputOptions, preset: Preset, muxer: string): EncoderChoice {
  const own = CONTAINER_ENCODERS[muxer];
  const fits = preset.encoder && (!own || (muxer === 'webm' && /vp8|vp9|vpx|av1/.test(preset.encoder.name)));
  const base = (fits ? preset.encoder : own) ?? DEFAULT_ENCODER;
  const name = options.encoder ?? base.name;
  const inherited = name === base.name ? base : { crf: undefined, options: {} };
  const given = new Set(options.encoderOptions.map(([option]) => option));
  const crf = options.crf ?? inherited.crf;
  return {
    name,
    options: [
      ...(options.pixFmt === undefined ? [] : [['pix_fmt', options.pixFmt] as const]),
      ...(crf === undefined || given.has('crf') ? [] : [['crf', String(crf)] as const]),
      ...Object.entries(inherited.options).filter(([option]) => !given.has(option)),
      ...options.encoderOptions,
    ],
  };
}
