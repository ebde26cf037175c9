import { SrvidError } from '../../errors.js';
import { didYouMean } from '../../similar-name.js';
import { encoderHelp, type FfmpegBinary, videoEncoders } from '../ffmpeg/binary.js';
import type { EncoderSettings } from './encode-plan.js';
import { assertOpensNoFile } from './encoder-text-options.js';

/** Options of every video encoder (ffmpeg-codecs(1), "Codec Options") that a user may choose. */
const COMMON = new Set(
  (
    'b g bf qmin qmax qdiff qcomp q maxrate minrate bufsize rc_init_occupancy profile level threads thread_type slices refs keyint_min sc_threshold ' +
    'flags flags2 tune preset global_quality compression_level trellis me_range subq mbd i_qfactor b_qfactor strict pix_fmt tag field_order side_data_only_packets'
  ).split(' '),
);

/** Option types in ffmpeg's lists whose value is a text. */
const TEXTS = new Set(['string', 'dictionary', 'binary']);

/** Four characters that name a codec in a container, "hvc1". */
const TAG = /^[A-Za-z0-9 ._-]{4}$/;

/** The traits of an encoder that ffmpeg tells. */
export interface EncoderTraits {
  /** The pixel formats that it takes, by ffmpeg's names; none where ffmpeg lists none. */
  readonly pixelFormats: ReadonlySet<string>;
  /** It needs a device, which may be away tomorrow. */
  readonly isHardware: boolean;
}

/**
 * Checks that the encoder exists and has each option. So an option can be nothing but the encoder's own, and can open
 * no file.
 * @returns what ffmpeg tells about it
 * @throws SRVID_ENCODER_UNAVAILABLE, SRVID_OPTION_INVALID
 */
export async function checkEncoder(binary: FfmpegBinary, { name, options }: EncoderSettings): Promise<EncoderTraits> {
  const [encoders, said] = await Promise.all([videoEncoders(binary), encoderHelp(binary, name)]);
  if (!encoders.has(name)) {
    const near = [...encoders].filter((encoder) => encoder.includes(name.replace(/^lib/, '').slice(0, 4)));
    throw new SrvidError(
      'SRVID_ENCODER_UNAVAILABLE',
      `The encoder ${name} is not in ffmpeg ${binary.version}.${didYouMean(name, encoders)} ${near.length > 0 ? `It has ${near.join(', ')}.` : ''} "srvid doctor" lists what it has and how to get more.`,
      { encoder: name },
    );
  }
  const own = new Map([...said.matchAll(/^ {2}-(\S+)\s+<(\w+)>/gm)].map((match) => [match[1] as string, match[2] as string]));
  for (const [option, value] of options) {
    if (option === 'tag' && !TAG.test(value)) {
      const message = `The tag "${value}" of the encoder ${name} is not four letters or digits, such as hvc1.`;
      throw new SrvidError('SRVID_OPTION_INVALID', message, { encoder: name, option });
    }
    if (own.has(option) || COMMON.has(option)) {
      assertOpensNoFile(name, option, value, TEXTS.has(own.get(option) ?? ''));
      continue;
    }
    throw new SrvidError(
      'SRVID_OPTION_INVALID',
      `The encoder ${name} has no option "${option}".${didYouMean(option, [...own.keys(), ...COMMON])} It has: ${[...own.keys()].sort().join(', ') || 'none of its own'}.`,
      {
        encoder: name,
        option,
      },
    );
  }
  return {
    pixelFormats: new Set(/Supported pixel formats: (.*)/.exec(said)?.[1]?.trim().split(/\s+/)),
    isHardware: /General capabilities:.*\b(hardware|hybrid)\b/.test(said),
  };
}
