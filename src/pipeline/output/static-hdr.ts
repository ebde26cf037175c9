import type { ProbedStream, SideData } from '../ffmpeg/probe.js';
import type { EncoderSettings } from './encode-plan.js';

/** An encoder that writes static HDR metadata, and its words for it. */
interface Writer {
  /** The option that holds a list of settings, "name=value:name=value". */
  readonly option: string;
  readonly mastering: string;
  readonly light: string;
  /** Parts of a unit of chromaticity, and of a candela per square metre, that the encoder counts in. */
  readonly parts: readonly [chromaticity: number, luminance: number];
}

/** The units of the message in the stream (ITU-T H.265, D.3.28). */
const OF_MESSAGE = [50_000, 10_000] as const;
const WRITERS: Readonly<Record<string, Writer>> = {
  libx264: { option: 'x264-params', mastering: 'mastering-display', light: 'cll', parts: OF_MESSAGE },
  libx265: { option: 'x265-params', mastering: 'master-display', light: 'max-cll', parts: OF_MESSAGE },
  libsvtav1: { option: 'svtav1-params', mastering: 'mastering-display', light: 'content-light', parts: [1, 1] },
};

const MASTERING = /^mastering display/i;
const LIGHT = /^content light level/i;

/**
 * Has the encoder write what the source says of the display it was mastered on (SMPTE ST 2086) and of its light levels (CTA-861.3), by the
 * encoder's own settings. What these already say stays. Where the encoder writes none, a warning says so.
 */
export function planStaticHdr(video: ProbedStream, encoder: EncoderSettings): { readonly encoder: EncoderSettings; readonly warnings: readonly string[] } {
  const { side_data_list = [], frame_side_data = [] } = video;
  const found = (kind: RegExp) => [...side_data_list, ...frame_side_data].find(({ side_data_type = '' }) => kind.test(side_data_type));
  const [display, light] = [found(MASTERING), found(LIGHT)];
  if (!display && !light) return { encoder, warnings: [] };
  const writer = WRITERS[encoder.name];
  const said = encoder.options.find(([option]) => option === writer?.option)?.[1];
  const [mastered, levels] = [display && writer && masteringText(display, writer), light && lightText(light)];
  const settings = [
    ...(writer && mastered ? [[writer.mastering, mastered]] : []),
    ...(writer && levels ? [[writer.light, levels]] : []), // biome-ignore format: one a line
  ].filter(([name]) => !new RegExp(`(^|:)${name}=`).test(said ?? ''));
  const isWritten = writer && (!display || mastered) && (!light || levels);
  const why = writer ? 'it is not complete.' : `the encoder ${encoder.name} does not write it. ${Object.keys(WRITERS).join(', ')} do.`;
  const warnings = isWritten ? [] : [`The source has mastering or light-level data, which is lost: ${why}`];
  if (!writer || settings.length === 0) return { encoder, warnings };
  const value = [...(said ? [said] : []), ...settings.map(([name, text]) => `${name}=${text}`)].join(':');
  return { encoder: { ...encoder, options: [...encoder.options.filter(([option]) => option !== writer.option), [writer.option, value]] }, warnings };
}

/** "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)", in the encoder's units; undefined where a value is missing. */
function masteringText(data: SideData, { parts: [chromaticity, luminance] }: Writer): string | undefined {
  const number = (name: string, parts: number) => {
    const [num, den = '1'] = String(data[name] ?? '').split('/');
    const value = (Number(num || Number.NaN) * parts) / Number(den);
    return parts === 1 ? Number(value.toFixed(5)) : Math.round(value);
  };
  const pairs: readonly (readonly [string, string, string, number])[] = [
    ['G', 'green_x', 'green_y', chromaticity],
    ['B', 'blue_x', 'blue_y', chromaticity],
    ['R', 'red_x', 'red_y', chromaticity],
    ['WP', 'white_point_x', 'white_point_y', chromaticity],
    ['L', 'max_luminance', 'min_luminance', luminance],
  ];
  const text = pairs.map(([name, x, y, parts]) => `${name}(${number(x, parts)},${number(y, parts)})`).join('');
  return text.includes('NaN') ? undefined : text;
}

function lightText({ max_content: content, max_average: average }: SideData): string | undefined {
  return typeof content === 'number' && typeof average === 'number' ? `${content},${average}` : undefined;
}
